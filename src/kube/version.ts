const DECIMAL = /^(?:0|[1-9]\d*)$/;

/**
 * Whether one resourceVersion of an object comes after another one of the same kind. They are decimal numbers of any length
 * (KEP-5504); of what is none, a different one counts as newer.
 */
export function isNewer(version: string, than: string): boolean {
  if (version === than) return false;
  if (!DECIMAL.test(version) || !DECIMAL.test(than)) return true;
  return version.length === than.length ? version > than : version.length > than.length;
}

/** Whether it comes before the other one for certain: of what is no number nobody can say that. */
export function isOlder(version: string | undefined, than: string | undefined): boolean {
  if (version === undefined || than === undefined || version === than) return false;
  return !isNewer(version, than);
}
