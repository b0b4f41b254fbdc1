import { useMemo, useState } from "react";
import { DAYS, dayName, withDay } from "../data/days";
import { type Translate, useLocale } from "../i18n";
import {
  Button,
  Combobox,
  Dialog,
  Field,
  FieldGroup,
  IconButton,
  NumberInput,
  Select,
  TextInput,
} from "../ui";
import { nextOf, type Plan, planOf, turned, UNITS, type Unit, withPlan } from "./recurrence";
import type { Schedule } from "./store";

type Props = {
  readonly schedules: readonly Schedule[];
  readonly readOnly: boolean;
  /** When the server starts it next, of what is saved. */
  readonly next: string | null;
  /** Whether the start block starts it by schedule. */
  readonly scheduled: boolean;
  readonly onScheduled: () => void;
  readonly onApply: (schedules: readonly Schedule[]) => void;
  readonly onClose: () => void;
};

const KINDS = ["interval", "daily", "weekly", "monthly", "rule"] as const;
const HERE = Intl.DateTimeFormat().resolvedOptions().timeZone;

export function ScheduleDialog({
  schedules,
  readOnly,
  next,
  scheduled,
  onScheduled,
  onApply,
  onClose,
}: Props) {
  const { t, moment } = useLocale();
  const [list, setList] = useState(schedules);
  const change = (at: number, schedule: Schedule) =>
    setList(list.map((one, index) => (index === at ? schedule : one)));
  return (
    <Dialog
      title={t("editor.schedule")}
      onClose={onClose}
      wide
      actions={
        readOnly ? (
          <Button onClick={onClose}>{t("action.close")}</Button>
        ) : (
          <>
            <Button onClick={onClose}>{t("action.cancel")}</Button>
            <Button
              look="primary"
              onClick={() => {
                onApply(list);
                onClose();
              }}
            >
              {t("editor.scheduleApply")}
            </Button>
          </>
        )
      }
    >
      <div className="stack">
        {scheduled || list.length === 0 ? null : (
          <div className="editor-note">
            <span>{t("editor.scheduleManual")}</span>{" "}
            {readOnly ? null : <Button onClick={onScheduled}>{t("editor.scheduleStart")}</Button>}
          </div>
        )}
        {list.length === 0 ? <p className="muted">{t("editor.scheduleNone")}</p> : null}
        {list.map((schedule, at) => (
          <OneSchedule
            // biome-ignore lint/suspicious/noArrayIndexKey: a new schedule has no id yet
            key={at}
            number={at + 1}
            schedule={schedule}
            onChange={(changed) => change(at, changed)}
            onRemove={() => setList(list.filter((_, index) => index !== at))}
          />
        ))}
        {readOnly ? null : (
          <div>
            <Button icon="plus" onClick={() => setList([...list, { interval: 3600, timezone: HERE }])}>
              {t("editor.scheduleAdd")}
            </Button>
          </div>
        )}
        {next === null ? null : <p className="muted">{t("editor.scheduleNextSaved", moment(next))}</p>}
      </div>
    </Dialog>
  );
}

type OneProps = {
  readonly number: number;
  readonly schedule: Schedule;
  readonly onChange: (schedule: Schedule) => void;
  readonly onRemove: () => void;
};

function OneSchedule({ number, schedule, onChange, onRemove }: OneProps) {
  const { t } = useLocale();
  const [plan, setPlan] = useState(() => planOf(schedule));
  const zones = useMemo(
    () => Intl.supportedValuesOf("timeZone").map((zone) => ({ value: zone, label: zone })),
    [],
  );
  const zone = schedule.timezone || "UTC";
  const become = (next: Plan) => {
    setPlan(next);
    onChange(withPlan(schedule, next));
  };
  return (
    <section className="card editor-schedule" aria-label={`${t("editor.schedule")} ${number}`}>
      <div className="editor-schedule-head">
        <Field label={t("editor.scheduleKind")}>
          {(wired) => (
            <Select
              {...wired}
              value={plan.kind}
              options={KINDS.map((kind) => ({ value: kind, label: t(`editor.schedule.${kind}`) }))}
              onChange={(kind) => become(turned(plan, kind as Plan["kind"]))}
            />
          )}
        </Field>
        <IconButton icon="trash" label={t("editor.scheduleRemove")} onClick={onRemove} />
      </div>
      <PlanFields plan={plan} onChange={become} />
      <div className="editor-columns">
        <Field label={t("editor.scheduleZone")}>
          {(wired) => (
            <Combobox
              {...wired}
              free
              options={zones}
              value={schedule.timezone ?? ""}
              onChange={(timezone) => onChange({ ...schedule, timezone })}
            />
          )}
        </Field>
        <Moment
          label={t("editor.scheduleFrom")}
          value={schedule.startAt}
          onChange={(startAt) => onChange({ ...schedule, startAt })}
        />
        <Moment
          label={t("editor.scheduleUntil")}
          value={schedule.stopAt}
          onChange={(stopAt) => onChange({ ...schedule, stopAt })}
        />
        <Field label={t("editor.scheduleMissed")}>
          {(wired) => (
            <Select
              {...wired}
              value={schedule.misfire || "once"}
              options={(["once", "skip", "all"] as const).map((value) => ({
                value,
                label: t(`editor.missed.${value}`),
              }))}
              onChange={(misfire) => onChange({ ...schedule, misfire })}
            />
          )}
        </Field>
      </div>
      <Preview plan={plan} zone={zone} from={schedule.startAt} />
    </section>
  );
}

function PlanFields({ plan, onChange }: { readonly plan: Plan; readonly onChange: (plan: Plan) => void }) {
  const { t, language } = useLocale();
  if (plan.kind === "interval") {
    return (
      <div className="editor-columns">
        <Field label={t("editor.scheduleEvery")}>
          {(wired) => (
            <NumberInput
              {...wired}
              value={plan.every}
              onChange={(every) => onChange({ ...plan, every: Math.max(1, every ?? 1) })}
            />
          )}
        </Field>
        <Field label={t("editor.scheduleUnit")}>
          {(wired) => (
            <Select
              {...wired}
              value={plan.unit}
              options={(Object.keys(UNITS) as Unit[]).map((unit) => ({
                value: unit,
                label: t(`editor.unit.${unit}`),
              }))}
              onChange={(unit) => onChange({ ...plan, unit: unit as Unit })}
            />
          )}
        </Field>
      </div>
    );
  }
  if (plan.kind === "rule") {
    return (
      <Field label={t("editor.scheduleRule")} hint={t("editor.scheduleRuleHint")}>
        {(wired) => (
          <TextInput
            {...wired}
            spellCheck={false}
            value={plan.rule}
            onChange={(rule) => onChange({ ...plan, rule })}
          />
        )}
      </Field>
    );
  }
  return (
    <>
      {plan.kind === "weekly" ? (
        <FieldGroup legend={t("editor.scheduleDays")}>
          <div className="editor-days">
            {DAYS.map((day) => (
              <label key={day}>
                <input
                  type="checkbox"
                  checked={plan.days.includes(day)}
                  onChange={(event) =>
                    onChange({ ...plan, days: withDay(plan.days, day, event.target.checked) })
                  }
                />
                {dayName(day, language, "short")}
              </label>
            ))}
          </div>
        </FieldGroup>
      ) : null}
      <div className="editor-columns">
        {plan.kind === "monthly" ? (
          <Field label={t("editor.scheduleMonthDay")}>
            {(wired) => (
              <NumberInput
                {...wired}
                value={plan.day}
                onChange={(day) => onChange({ ...plan, day: Math.min(31, Math.max(1, day ?? 1)) })}
              />
            )}
          </Field>
        ) : null}
        <Field label={t("editor.scheduleAt")}>
          {(wired) => (
            <TextInput
              {...wired}
              type="time"
              value={plan.time}
              onChange={(time) => time !== "" && onChange({ ...plan, time })}
            />
          )}
        </Field>
      </div>
    </>
  );
}

/** A time of the schedule's zone, without an offset, as the server has it. */
function Moment({
  label,
  value,
  onChange,
}: {
  readonly label: string;
  readonly value: string | undefined;
  readonly onChange: (value: string) => void;
}) {
  return (
    <Field label={label}>
      {(wired) => (
        <TextInput
          {...wired}
          type="datetime-local"
          value={(value ?? "").replace(" ", "T").slice(0, 16)}
          onChange={(text) => onChange(text === "" ? "" : `${text.replace("T", " ")}:00`)}
        />
      )}
    </Field>
  );
}

function Preview({
  plan,
  zone,
  from,
}: {
  readonly plan: Plan;
  readonly zone: string;
  readonly from: string | undefined;
}) {
  const { t, language } = useLocale();
  const found = useMemo(() => {
    try {
      const begin =
        from === undefined || from === ""
          ? Date.now()
          : Math.max(Date.now(), Date.parse(`${from.replace(" ", "T")}Z`));
      const format = new Intl.DateTimeFormat(language, {
        dateStyle: "medium",
        timeStyle: "short",
        timeZone: zone,
      });
      return nextOf(plan, begin, zone).map((moment) => ({ moment, text: format.format(moment) }));
    } catch {
      return [];
    }
  }, [plan, zone, from, language]);
  if (found.length === 0) return null;
  return (
    <div>
      <p className="editor-picker-title">{t("editor.scheduleNext")}</p>
      <ul className="editor-next">
        {found.map(({ moment, text }) => (
          <li key={moment}>{text}</li>
        ))}
      </ul>
    </div>
  );
}

/** One schedule in a few words. */
export function scheduleWords(schedule: Schedule, t: Translate, language: string): string {
  const plan = planOf(schedule);
  if (plan.kind === "interval") {
    const words = {
      seconds: "editor.everySeconds",
      minutes: "editor.everyMinutes",
      hours: "editor.everyHours",
      days: "editor.everyDays",
    } as const;
    return t(words[plan.unit], plan.every);
  }
  if (plan.kind === "daily") return t("editor.dailyAt", plan.time);
  if (plan.kind === "monthly") return t("editor.monthlyAt", plan.day, plan.time);
  if (plan.kind === "rule") return plan.rule;
  return t("editor.weeklyAt", plan.days.map((day) => dayName(day, language, "short")).join(", "), plan.time);
}
