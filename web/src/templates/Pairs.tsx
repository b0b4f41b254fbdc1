import { useRef, useState } from "react";
import { isRecord } from "../data/json";
import { useLocale } from "../i18n";
import { Button, Combobox, FieldGroup, IconButton, TextInput, told } from "../ui";
import { type Asked, type Choice, objectOf, type Pair, pairsOf, proposed, text } from "./fields";
import { type ControlProps, GroupError, Help } from "./Question";
import { useChoices } from "./useChoices";

function Legend({ asked }: { readonly asked: Asked }) {
  const { t } = useLocale();
  return (
    <>
      <bdi>{asked.label}</bdi>
      {asked.required ? <span className="field-required"> ({t("state.required")})</span> : null}
    </>
  );
}

/** An object, as rows of names and values. */
export function Pairs({ asked, value, error, onChange }: ControlProps) {
  const { t } = useLocale();
  const [pairs, setPairs] = useState<readonly Pair[]>(() => pairsOf(value));
  const next = useRef(pairs.length);
  const add = useRef<HTMLSpanElement>(null);
  const change = (changed: readonly Pair[]) => {
    setPairs(changed);
    onChange(objectOf(changed));
  };
  const set = (key: number, part: Partial<Pair>) =>
    change(pairs.map((pair) => (pair.key === key ? { ...pair, ...part } : pair)));
  return (
    <FieldGroup
      legend={<Legend asked={asked} />}
      hint={asked.help === "" ? undefined : <Help asked={asked} />}
    >
      {pairs.map((pair, index) => (
        <div key={pair.key} className="templates-pair">
          <TextInput
            aria-label={t("templates.valueName", index + 1)}
            placeholder={t("templates.valueName", index + 1)}
            value={pair.name}
            onChange={(name) => set(pair.key, { name })}
          />
          <TextInput
            aria-label={t("templates.value", index + 1)}
            placeholder={t("templates.value", index + 1)}
            value={pair.value}
            onChange={(one) => set(pair.key, { value: one })}
          />
          <IconButton
            icon="trash"
            label={t("templates.removeValue", pair.name || t("templates.valueName", index + 1))}
            onClick={() => {
              change(pairs.filter((one) => one.key !== pair.key));
              add.current?.querySelector("button")?.focus();
            }}
          />
        </div>
      ))}
      <span ref={add}>
        <Button
          icon="plus"
          onClick={() => {
            next.current += 1;
            setPairs([...pairs, { key: next.current, name: "", value: "" }]);
          }}
        >
          {t("templates.addValue")}
        </Button>
      </span>
      <GroupError error={error} />
    </FieldGroup>
  );
}

/** Which field goes where: targets with a source each, or free rows where nobody says what the targets are. */
export function Mapping(props: ControlProps) {
  const { asked, value, error, onChange } = props;
  const { t } = useLocale();
  const sources = useChoices(asked.choices);
  const targets = useChoices(asked.targets);
  const [done, setDone] = useState("");
  const map = isRecord(value) ? value : {};
  if (targets.choices === null) return <Pairs {...props} />;
  const known = new Set(targets.choices.map((target) => target.value));
  // A target that is gone, or was written by hand, is shown as long as something is mapped to it.
  const others: Choice[] = Object.keys(map)
    .filter((name) => !known.has(name))
    .map((name) => ({ value: name, label: name }));
  const set = (target: string, from: string) => {
    const { [target]: _, ...rest } = map;
    onChange(from === "" ? rest : { ...rest, [target]: from });
  };
  const propose = () => {
    const fresh = proposed(sources.choices ?? [], targets.choices ?? []);
    const added = Object.keys(fresh).filter((name) => !text(map[name])).length;
    onChange({ ...fresh, ...map });
    setDone(t("templates.map.proposed", added));
  };
  const problem = sources.error ?? targets.error;
  return (
    <FieldGroup
      legend={<Legend asked={asked} />}
      hint={asked.help === "" ? undefined : <Help asked={asked} />}
    >
      {problem === null ? null : <GroupError error={told(problem, t).join(" ")} />}
      <div className="templates-mapping">
        <div className="templates-map templates-map-head" aria-hidden="true">
          <span>{t("templates.map.from")}</span>
          <span />
          <span>{t("templates.map.to")}</span>
        </div>
        {[...targets.choices, ...others].map((target) => (
          <div key={target.value} className="templates-map">
            <Combobox
              label={t("templates.map.source", target.label)}
              options={[{ value: "", label: t("templates.map.nothing") }, ...(sources.choices ?? [])]}
              value={text(map[target.value])}
              onChange={(from) => set(target.value, from)}
              free={sources.choices === null}
              busy={sources.loading}
            />
            <span aria-hidden="true">→</span>
            <bdi>{target.label}</bdi>
          </div>
        ))}
      </div>
      {sources.choices === null ? null : (
        <div className="toolbar">
          <Button icon="link" onClick={propose}>
            {t("templates.map.propose")}
          </Button>
          <span role="status" className="muted">
            {done}
          </span>
        </div>
      )}
      <GroupError error={error} />
    </FieldGroup>
  );
}
