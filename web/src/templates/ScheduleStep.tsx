import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { useApi } from "../api";
import { useLocale } from "../i18n";
import { Button, Problem, told } from "../ui";
import { here, isWhole, read, type Timing, written } from "./schedule";
import { TimingFields } from "./Timing";
import { Footer, type StepProps } from "./Wizard";

type Row = {
  readonly key: number;
  readonly given: Readonly<Record<string, unknown>>;
  readonly timing: Timing;
};

/** When the integration runs by itself. */
export function ScheduleStep({ detail, step, saver, onBack, onNext }: StepProps) {
  const { t } = useLocale();
  const api = useApi();
  const cache = useQueryClient();
  const kept = step.schedules ?? [];
  const next = useRef(kept.length);
  const [rows, setRows] = useState<readonly Row[]>(() =>
    kept.length > 0
      ? kept.map((given, key) => ({ key, given, timing: read(given) }))
      : [{ key: 0, given: {}, timing: { every: "day", at: "06:00", timezone: here() } }],
  );
  const saved = useRef(JSON.stringify(kept.map((given) => written(read(given), given["id"]))));
  const saving = useMutation({
    mutationFn: async () => {
      const schedules = rows.map(({ given, timing }) => {
        const { interval: _, recurrence: __, timezone: ___, lastStartedAt: ____, ...rest } = given;
        return { ...rest, ...written(timing, given["id"]) };
      });
      const now = JSON.stringify(rows.map(({ given, timing }) => written(timing, given["id"])));
      if (now === saved.current) return;
      cache.setQueryData(
        ["integrations", detail.id],
        await api.v1.updateIntegration(detail.id, { schedules }),
      );
      saved.current = now;
    },
  });
  const whole = rows.every((row) => isWhole(row.timing));
  useEffect(() => {
    saver.current = async () => {
      if (!whole) return true;
      try {
        await saving.mutateAsync();
        return true;
      } catch {
        return false;
      }
    };
  });
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (!whole || saving.isPending) return;
    try {
      await saving.mutateAsync();
      onNext();
    } catch {
      return;
    }
  };
  const drop = (key: number) => setRows(rows.filter((row) => row.key !== key));
  return (
    <form onSubmit={(event) => void submit(event)} noValidate>
      {rows.length === 0 ? <p>{t("templates.when.none")}</p> : null}
      {rows.map((row, index) => (
        <fieldset key={row.key} className="field-group">
          <legend className={rows.length === 1 ? "visually-hidden" : undefined}>
            {t("templates.when.nth", index + 1)}
          </legend>
          <TimingFields
            value={row.timing}
            onChange={(timing) =>
              setRows(rows.map((one) => (one.key === row.key ? { ...one, timing } : one)))
            }
            error={saving.error === null || rows.length > 1 ? undefined : told(saving.error, t).join(" ")}
          />
          <Button icon="trash" onClick={() => drop(row.key)}>
            {rows.length === 1
              ? t("templates.when.drop")
              : t("templates.removeValue", t("templates.when.nth", index + 1))}
          </Button>
        </fieldset>
      ))}
      <Button
        icon="plus"
        onClick={() => {
          next.current += 1;
          setRows([
            ...rows,
            { key: next.current, given: {}, timing: { every: "day", at: "06:00", timezone: here() } },
          ]);
        }}
      >
        {t("templates.when.add")}
      </Button>
      {saving.error !== null && rows.length > 1 ? <Problem error={saving.error} /> : null}
      <Footer onBack={onBack} busy={saving.isPending} next={t("templates.next")} />
    </form>
  );
}
