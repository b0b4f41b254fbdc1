import { DAYS, dayName, withDay } from "../data/days";
import { useLocale } from "../i18n";
import { Checkbox, Combobox, Field, FieldGroup, NumberInput, Select, TextInput } from "../ui";
import { isWhole, type Timing, turned } from "./schedule";

const KINDS = ["minutes", "hours", "day", "week", "cron"] as const;

export function useTimingText(): (timing: Timing) => string {
  const { t, language } = useLocale();
  return (timing) => {
    switch (timing.every) {
      case "minutes":
        return t("templates.when.saysMinutes", timing.count);
      case "hours":
        return t("templates.when.saysHours", timing.count);
      case "day":
        return t("templates.when.saysDay", timing.at, timing.timezone);
      case "week": {
        const days = timing.on.map((day) => dayName(day, language, "short")).join(", ");
        return t("templates.when.saysWeek", days, timing.at, timing.timezone);
      }
      case "cron":
        return t("templates.when.saysCron", timing.cron, timing.timezone);
    }
  };
}

type Props = {
  readonly value: Timing;
  readonly onChange: (timing: Timing) => void;
  readonly error?: string | undefined;
};

/** When something runs: how often, and what that needs to know. */
export function TimingFields({ value, onChange, error }: Props) {
  const { t, language } = useLocale();
  return (
    <div className="templates-timing">
      <Field label={t("templates.when.label")} error={error}>
        {(wired) => (
          <Select
            {...wired}
            value={value.every}
            onChange={(every) => onChange(turned(value, every as Timing["every"]))}
            options={KINDS.map((kind) => ({ value: kind, label: t(`templates.when.${kind}`) }))}
          />
        )}
      </Field>
      {value.every === "minutes" || value.every === "hours" ? (
        <Field
          label={t(value.every === "minutes" ? "templates.when.countMinutes" : "templates.when.countHours")}
          error={isWhole(value) ? undefined : t("templates.fieldLacks")}
          required
        >
          {(wired) => (
            <NumberInput
              {...wired}
              value={value.count}
              onChange={(count) => onChange({ ...value, count: count ?? 0 })}
            />
          )}
        </Field>
      ) : null}
      {value.every === "cron" ? (
        <Field
          label={t("templates.when.cronLine")}
          error={isWhole(value) ? undefined : t("templates.fieldLacks")}
          required
        >
          {(wired) => (
            <TextInput
              {...wired}
              spellCheck={false}
              value={value.cron}
              onChange={(cron) => onChange({ ...value, cron })}
            />
          )}
        </Field>
      ) : null}
      {value.every === "week" ? (
        <FieldGroup legend={t("templates.when.on")}>
          <div className="templates-days">
            {DAYS.map((day) => (
              <Checkbox
                key={day}
                label={dayName(day, language, "long")}
                checked={value.on.includes(day)}
                onChange={(on) =>
                  onChange({
                    ...value,
                    on: withDay(value.on, day, on),
                  })
                }
              />
            ))}
          </div>
        </FieldGroup>
      ) : null}
      {value.every === "day" || value.every === "week" ? (
        <Field label={t("templates.when.at")} required>
          {(wired) => (
            <TextInput
              {...wired}
              type="time"
              value={value.at}
              onChange={(at) => onChange({ ...value, at })}
            />
          )}
        </Field>
      ) : null}
      {"timezone" in value ? (
        <Field label={t("templates.when.zone")}>
          {(wired) => (
            <Combobox
              {...wired}
              value={value.timezone}
              onChange={(timezone) => onChange({ ...value, timezone })}
              options={["UTC", ...Intl.supportedValuesOf("timeZone")].map((zone) => ({
                value: zone,
                label: zone,
              }))}
            />
          )}
        </Field>
      ) : null}
    </div>
  );
}
