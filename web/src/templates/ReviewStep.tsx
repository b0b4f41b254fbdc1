import { useLocation } from "wouter";
import { useLocale } from "../i18n";
import { links, useSwitching } from "./data";
import { Summary } from "./Summary";
import type { Step } from "./steps";
import { Footer, type StepProps } from "./Wizard";

/** Everything that was entered, once more, and the switch. */
export function ReviewStep({ detail, step, steps, onBack }: StepProps & { readonly steps: readonly Step[] }) {
  const { t } = useLocale();
  const switching = useSwitching(detail);
  const [, go] = useLocation();
  const lacking = step.lacking ?? [];
  const on = detail.state === "available";
  const can = step.canActivate === true && !on;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        const done = () => go(links.integration(detail.id));
        if (can) switching.mutate(true, { onSuccess: done });
        else done();
      }}
    >
      <p>
        {on
          ? t("templates.review.on")
          : lacking.length > 0
            ? t("templates.lacks", lacking.join(", "))
            : t(steps.every((one) => one.complete) ? "templates.review.ready" : "templates.review.open")}
      </p>
      <Summary detail={detail} steps={steps} editable />
      <Footer
        onBack={onBack}
        busy={switching.isPending}
        next={can ? t("templates.activate") : on ? t("templates.done") : t("templates.later")}
      />
    </form>
  );
}
