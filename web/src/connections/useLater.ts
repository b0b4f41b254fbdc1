import { useEffect, useState } from "react";

/** The value as it was when it last stood still for a while, so that not every key asks the server. */
export function useLater<T>(value: T, after = 300): T {
  const [later, setLater] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setLater(value), after);
    return () => clearTimeout(timer);
  }, [value, after]);
  return later;
}
