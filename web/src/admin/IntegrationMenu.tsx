import type { Blend, Oem } from "@client";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useApi } from "../api";
import { useLocale } from "../i18n";
import { Menu, type MenuItem, useConfirm, useToast } from "../ui";

type Props = {
  readonly account: string;
  readonly blend: Blend;
  readonly pinned: number | null;
  readonly version: number;
};
type Work = { readonly said: string; readonly work: (oem: Oem) => Promise<unknown> };

/** What a partner can do with an integration of a customer. */
export function IntegrationMenu({ account, blend, pinned, version }: Props) {
  const { t } = useLocale();
  const api = useApi();
  const toast = useToast();
  const confirm = useConfirm();
  const queryClient = useQueryClient();
  const act = useMutation({
    mutationFn: async ({ work }: Work) => work(await api.oem()),
    onSuccess: (_, { said }) => {
      toast.say(said);
      void queryClient.invalidateQueries({ queryKey: ["oem"] });
    },
    onError: toast.fail,
  });
  const { guid, name, template_guid: template } = blend;
  const does = (said: string, work: (oem: Oem) => Promise<unknown>) => () => act.mutate({ said, work });
  const asks = (action: string, text: string, work: (oem: Oem) => Promise<unknown>) => async () => {
    if (await confirm({ title: action, text, action, danger: true }))
      act.mutate({ said: t("admin.doneFor", name), work });
  };
  const done = t("admin.doneFor", name);
  const items: MenuItem[] = [
    {
      label: t("admin.run"),
      icon: "play",
      onSelect: does(t("admin.runStarted", name), (oem) => oem.runBlend(account, guid, { async: true })),
    },
    {
      label: t("admin.enable"),
      icon: "check",
      onSelect: does(done, (oem) => oem.enableBlend(account, guid)),
    },
    {
      label: t("admin.disable"),
      icon: "disable",
      onSelect: does(done, (oem) => oem.disableBlend(account, guid)),
    },
    ...(template === null
      ? []
      : [
          {
            label: t("admin.update"),
            icon: "upload",
            onSelect: does(done, (oem) => oem.pushVersion(account, template, guid)),
          } as const,
        ]),
    pinned === null
      ? {
          label: t("admin.pin", version),
          icon: "pin",
          onSelect: does(done, (oem) => oem.pinVersion(account, guid, { version })),
        }
      : {
          label: t("admin.unpin"),
          icon: "pin",
          onSelect: does(done, (oem) => oem.pinVersion(account, guid, { version: null })),
        },
    {
      label: t("admin.remove"),
      icon: "trash",
      danger: true,
      onSelect: () =>
        void asks(t("admin.remove"), t("admin.removeText", name), (oem) => oem.deleteBlend(account, guid))(),
    },
  ];
  return <Menu label={t("settings.moreOf", name)} items={items} />;
}
