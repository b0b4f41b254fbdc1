export { Overview } from "./Overview";
export { RunPage } from "./RunPage";
export { RunsOfAutomation } from "./RunsOfAutomation";
export { VersionsPage } from "./VersionsPage";
