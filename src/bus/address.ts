/**
 * Where a bus may listen, as paths for net.connect: an abstract name begins with a NUL.
 * Of the transports only unix: is known; a root daemon has no business on a network bus.
 * D-Bus specification, "Server Addresses".
 * @throws Error when no address of the list can be used
 */
export function parseAddresses(text: string): readonly string[] {
  const paths: string[] = [];
  for (const address of text.split(';')) {
    if (address === '') continue;
    const path = parseAddress(address);
    if (path !== undefined) paths.push(path);
  }
  if (paths.length === 0) throw new Error(`'${text}' names no unix:path= or unix:abstract= bus address`);
  return paths;
}

function parseAddress(address: string): string | undefined {
  if (!address.startsWith('unix:')) return undefined;

  const keys = new Map<string, string>();
  for (const pair of address.slice('unix:'.length).split(',')) {
    const equals = pair.indexOf('=');
    if (equals > 0) keys.set(pair.slice(0, equals), decoded(pair.slice(equals + 1), address));
  }
  const abstract = keys.get('abstract');
  return keys.get('path') ?? (abstract === undefined ? undefined : `\0${abstract}`);
}

/** %-escapes are bytes, not characters: a path need not be UTF-8, but what Node can open must be. */
function decoded(value: string, address: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    throw new Error(`the bus address '${address}' has a broken %-escape`);
  }
}
