export { Button, ButtonLink, type ButtonProps, IconButton, type Look } from "./Button";
export { Combobox } from "./Combobox";
export { CopyButton } from "./CopyButton";
export { ConfirmProvider, Dialog, useConfirm } from "./Dialog";
export { download } from "./download";
export {
  Checkbox,
  Field,
  FieldGroup,
  NumberInput,
  type Option,
  Search,
  SecretInput,
  Select,
  Switch,
  TextArea,
  TextInput,
  type Wired,
} from "./fields";
export { Icon, type IconName, iconNamed } from "./icons";
export { JsonView, joined } from "./JsonView";
export { Lazy } from "./Lazy";
export { Markdown } from "./Markdown";
export { Menu, type MenuItem } from "./Menu";
export { Page } from "./Page";
export { errorAt, Problem, told } from "./Problem";
export { plain } from "./plain";
export { Badge, Duration, Empty, Loading, Logo, More, Spinner, Time, type Tone } from "./states";
export { type Column, Table } from "./Table";
export { type Tab, Tabs } from "./Tabs";
export { ToastProvider, useToast } from "./Toast";
export { useDebounced } from "./useDebounced";
export { bringIntoSight, useWindow } from "./useWindow";
