import type { IntegrationDetail, SettingField, SetupStep } from "@client";

export type StepName = "connect" | "setup" | "settings" | "answers" | "schedule" | "review";
export type Step = Omit<SetupStep, "step"> & { readonly step: StepName };

/** The steps of an integration. What the main flow asks for and keeps has none on the server: it gets one here. */
export function stepsOf(detail: IntegrationDetail, started: readonly SettingField[]): Step[] {
  const steps: Step[] = [...detail.steps];
  if (started.length === 0) return steps;
  const lack = new Set(detail.steps.find((one) => one.step === "review")?.lacking ?? []);
  const lacking = started.filter((one) => lack.has(one.label)).map((one) => one.label);
  const place = steps.findIndex((one) => one.step === "schedule" || one.step === "review");
  steps.splice(place, 0, { step: "answers", complete: lacking.length === 0, fields: [...started], lacking });
  return steps;
}

/** Where a person goes on: the first step that lacks something, else the last one. */
export function firstOpen(steps: readonly Step[]): StepName {
  return steps.find((one) => !one.complete && one.step !== "review")?.step ?? "review";
}

export function around(
  steps: readonly Step[],
  name: string,
): { before: StepName | null; after: StepName | null } {
  const place = steps.findIndex((one) => one.step === name);
  return { before: steps[place - 1]?.step ?? null, after: steps[place + 1]?.step ?? null };
}
