import { type Member, member, type Property } from './member.ts';
import { Misuse, quote } from './misuse.ts';
import { type Dictionary, Marshalled, type Variant } from './wire.ts';

export const propertiesInterface = 'org.freedesktop.DBus.Properties';

/** Interfaces every object has, without a property between them. */
export const standardInterfaces: readonly string[] = [
  propertiesInterface,
  'org.freedesktop.DBus.Introspectable',
  'org.freedesktop.DBus.Peer',
];

/** Properties as the specification has them: an empty interface name means whichever has the property. */
export function strictProperties(interfaceName: string, properties: readonly Property[]): readonly Member[] {
  const byName = indexed(properties);
  const written = writer();
  const has = (asked: string): boolean => {
    if (asked === interfaceName || asked === '') return true;
    if (standardInterfaces.includes(asked)) return false;
    throw new Misuse('UnknownInterface', `there is no interface ${quote(asked)} here`);
  };
  const find = (asked: string, name: string): Property => {
    const property = has(asked) ? byName.get(name) : undefined;
    if (property !== undefined) return property;
    throw new Misuse('UnknownProperty', `there is no property ${quote(name)} on ${quote(asked)}`);
  };

  return [
    member('Get', ['ss', 'v'], ([asked, name]) => written(find(asked, name))),
    member('GetAll', ['s', 'a{sv}'], ([asked]) => [has(asked) ? all(properties) : []]),
    member('Set', ['ssv', ''], ([asked, name]) => {
      throw new Misuse('PropertyReadOnly', `the property '${find(String(asked), String(name)).name}' cannot be set`);
    }),
  ];
}

/** Properties as rtkit-daemon has them: no Set, and an interface it does not know is an unknown property too. */
export function rtkitProperties(interfaceName: string, properties: readonly Property[]): readonly Member[] {
  const byName = indexed(properties);
  const written = writer();
  const requireInterface = (asked: string) => {
    if (asked === interfaceName) return;
    const text = `Unknown interface ${asked.slice(0, 255)}: the properties here are those of ${interfaceName}`;
    throw new Misuse('UnknownProperty', text);
  };

  return [
    member('Get', ['ss', 'v'], ([asked, name]) => {
      requireInterface(asked);
      const property = byName.get(name);
      if (property !== undefined) return written(property);
      const text = `Unknown property ${name.slice(0, 255)}: there are ${[...byName.keys()].join(', ')}`;
      throw new Misuse('UnknownProperty', text);
    }),
    member('GetAll', ['s', 'a{sv}'], ([asked]) => {
      requireInterface(asked);
      return [all(properties)];
    }),
  ];
}

export const variantOf = ({ signature, read }: Property): Variant => [signature, read()];

const all = (properties: readonly Property[]): Dictionary =>
  properties.map((property) => [property.name, variantOf(property)]);

const indexed = (properties: readonly Property[]) => new Map(properties.map((property) => [property.name, property]));

/** Writes what a property is: anew only when it is another than the last time. */
function writer(): (property: Property) => Marshalled {
  const last = new Map<Property, { readonly value: unknown; readonly body: Marshalled }>();
  return (property) => {
    const value = property.read();
    const before = last.get(property);
    if (before !== undefined && before.value === value) return before.body;
    const body = Marshalled.of('v', [[property.signature, value]]);
    last.set(property, { value, body });
    return body;
  };
}
