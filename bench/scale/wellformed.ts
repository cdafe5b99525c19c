/** What keeps a text from being well-formed XML, as far as elements, attributes and references go. */
export function faultsOf(xml: string): string[] {
  const faults: string[] = [];
  const open: string[] = [];
  let roots = 0;
  const rest = xml.replace(/<(\/?)([\w:-]+)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>/g, (_, end, name, attributes, empty) => {
    const names = [...String(attributes).matchAll(/([\w:-]+)=/g)].map(([, attribute]) => attribute);
    if (new Set(names).size < names.length) faults.push(`<${name}> has an attribute twice`);
    if (end === '/') {
      const last = open.pop();
      if (last !== name) faults.push(`</${name}> where </${last}> belongs`);
    } else {
      if (open.length === 0) roots++;
      if (empty === '') open.push(name);
    }
    return '';
  });
  if (open.length > 0) faults.push(`<${open.at(-1)}> has no end`);
  if (roots !== 1) faults.push(`${roots} elements at the top`);
  const stray = /[<>]|&(?!(?:amp|lt|gt|quot|apos|#\d+);)/.exec(rest);
  if (stray !== null) faults.push(`'${rest.slice(stray.index, stray.index + 20)}' is no text`);
  return faults;
}
