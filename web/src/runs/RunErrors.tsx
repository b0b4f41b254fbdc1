import { useState } from "react";
import { useLocale } from "../i18n";
import { Button, ButtonLink, Icon } from "../ui";
import { type RunError, WARNING } from "./liveStore";
import { usePaths } from "./paths";

type Props = {
  readonly errors: readonly RunError[];
  readonly onShow: (error: RunError) => void;
  readonly onRetry: (() => void) | null;
  /** Goes on with the newest version, where there is a newer one than the run's. */
  readonly onRetryNewest: (() => void) | null;
  readonly automationId: string;
  readonly runId: string;
  /** The version of the run, and the newest one. */
  readonly version: number;
  readonly newest: number;
};

/** Why the run ended as it did, and the ways on from there. */
export function RunErrors({
  errors,
  onShow,
  onRetry,
  onRetryNewest,
  automationId,
  runId,
  version,
  newest,
}: Props) {
  const { t } = useLocale();
  const paths = usePaths();
  const warnings = errors.filter((error) => error.code === WARNING);
  return (
    <div className="runs-errors">
      {errors
        .filter((error) => error.code !== WARNING)
        .map((error) => (
          <div key={`${error.path} ${error.code}`} className="problem">
            <Icon name="error" size={20} />
            <div>
              <p>
                <strong>{error.title}</strong>
                {error.block === "" ? null : (
                  <>
                    {" – "}
                    <bdi>{error.block}</bdi>
                  </>
                )}
              </p>
              <Long text={error.detail} />
              <p className="row">
                {error.blockId === "" ? null : (
                  <>
                    <Button onClick={() => onShow(error)}>{t("runs.showBlock")}</Button>
                    <ButtonLink to={paths.block(automationId, error.blockId, runId)} icon="edit">
                      {t("runs.openBlock")}
                    </ButtonLink>
                  </>
                )}
                {onRetryNewest === null ? null : (
                  <Button look="primary" icon="refresh" onClick={onRetryNewest}>
                    {t("runs.retryNewest", newest)}
                  </Button>
                )}
                {onRetry === null ? null : (
                  <Button icon="refresh" onClick={onRetry}>
                    {t("runs.retryHere")}
                  </Button>
                )}
              </p>
            </div>
          </div>
        ))}
      {onRetryNewest === null ? null : (
        <p className="runs-keeps" role="note">
          <Icon name="info" size={16} /> {t("runs.keeps", version, newest)}
        </p>
      )}
      {warnings.length === 0 ? null : <Warnings warnings={warnings} onShow={onShow} />}
    </div>
  );
}

const FIRST = 3;

/** Errors that did not end the run, by the block that had them. */
function Warnings({
  warnings,
  onShow,
}: {
  readonly warnings: readonly RunError[];
  readonly onShow: (error: RunError) => void;
}) {
  const { t } = useLocale();
  const [all, setAll] = useState(false);
  return (
    <div className="problem runs-warnings">
      <Icon name="warning" size={20} />
      <div>
        <p>
          <strong>{t("runs.warnings", warnings.length)}</strong>
        </p>
        <ul>
          {warnings.slice(0, all ? undefined : FIRST).map((one, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the same warning may come many times
            <li key={index}>
              {one.blockId === "" ? null : (
                <button type="button" className="runs-warning-block" onClick={() => onShow(one)}>
                  <bdi>{one.block}</bdi>
                </button>
              )}{" "}
              <Long text={one.detail} />
            </li>
          ))}
        </ul>
        {warnings.length > FIRST ? (
          <Button onClick={() => setAll(!all)}>{t(all ? "action.showLess" : "action.showMore")}</Button>
        ) : null}
      </div>
    </div>
  );
}

const LONGEST = 400;

function Long({ text }: { readonly text: string }) {
  const { t } = useLocale();
  const [whole, setWhole] = useState(false);
  return (
    <span>
      <bdi>{whole || text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}…`}</bdi>{" "}
      {text.length > LONGEST ? (
        <Button look="bare" onClick={() => setWhole(!whole)}>
          {t(whole ? "action.showLess" : "action.showMore")}
        </Button>
      ) : null}
    </span>
  );
}
