/**
 * Parameters of Raspberry Pi overlays (`dtoverlay=cma,cma-256`), which the firmware puts into the overlay before it
 * applies it. Source: "Device Trees, overlays, and parameters" in Raspberry Pi's documentation.
 */
import { type Diagnostic, defineCodes, type Outcome, reporter } from '../diagnostic/index.js';
import { type Fdt, type FdtNode, findByPhandle, findChild, makeFdt, type NodeSpec } from '../fdt/index.js';
import { parseBytes } from '../quantity/index.js';
import { suggest } from '../source/suggest.js';

export const RASPBERRY_PI_CODES = defineCodes({
  'raspberry-pi/no-parameters': {
    severity: 'error',
    title: 'an overlay without parameters',
    explain: 'Parameters are listed in the __overrides__ node of the overlay; this overlay has none.',
  },
  'raspberry-pi/unknown-parameter': {
    severity: 'error',
    title: 'a parameter that the overlay does not have',
    explain: 'The firmware ignores an unknown parameter, and the overlay is applied with its defaults.',
  },
  'raspberry-pi/bad-value': {
    severity: 'error',
    title: 'a value that the parameter does not accept',
    explain: 'The firmware writes numbers into the cells that the parameter names; other text is refused.',
  },
  'raspberry-pi/bad-parameter': {
    severity: 'error',
    title: 'a parameter that the overlay declares wrongly',
    explain: 'An entry of __overrides__ is incomplete, or it names a node that does not exist.',
  },
});

const report = reporter(RASPBERRY_PI_CODES);

/** One thing that a parameter does: to a property of a node, or (without one) to fragments. */
interface Effect {
  readonly node: FdtNode | undefined;
  readonly text: string;
  /** The value that the declaration itself brings (`"size:0=",<0x10000000>`). */
  readonly literal: Uint8Array | undefined;
}

/** No property that a parameter changes is this long; an offset beyond it is damage. */
const MAX_PROPERTY = 4096;

const WIDTHS: Readonly<Record<string, number>> = { '.': 1, ';': 2, ':': 4, '#': 8 };

/**
 * An overlay as the firmware applies it with these parameters.
 * @param parameters `name` or `name=value`, as after the overlay's name in config.txt
 */
export function withParameters(overlay: Fdt, parameters: readonly string[]): Outcome<Fdt> {
  const declared = findChild(overlay.root, '__overrides__')?.properties;
  if (declared === undefined)
    return parameters.length === 0
      ? { value: overlay, diagnostics: [] }
      : {
          diagnostics: [
            report('raspberry-pi/no-parameters', {
              message: `the overlay has no parameters, so ${parameters.join(', ')} cannot be set`,
              cause: 'it has no __overrides__ node',
              fix: 'omit the parameters, or use an overlay that has them',
            }),
          ],
        };
  const edit = new Edit(overlay);
  for (const parameter of parameters) {
    const [name = '', ...rest] = parameter.split('=');
    const value = rest.length === 0 ? undefined : rest.join('=');
    const raw = declared.get(name);
    if (raw === undefined) edit.diagnostics.push(unknown(name, declared.keys()));
    else edit.apply(name, value, effectsOf(overlay, raw));
  }
  return edit.diagnostics.length > 0 ? { diagnostics: edit.diagnostics } : { value: edit.result(), diagnostics: [] };
}

function unknown(name: string, known: Iterable<string>): Diagnostic {
  const names = [...known];
  const near = suggest(name, names);
  return report('raspberry-pi/unknown-parameter', {
    message: `the overlay has no parameter "${name}"`,
    cause: 'the firmware ignores it and uses the defaults',
    fix: near.length > 0 ? `did you mean ${near.join(' or ')}?` : `use one of ${names.join(', ')}`,
  });
}

/** @returns undefined when the value is cut off or names a node that is not there */
function effectsOf(overlay: Fdt, raw: Uint8Array): Effect[] | undefined {
  const effects: Effect[] = [];
  const view = new DataView(raw.buffer, raw.byteOffset, raw.length);
  let at = 0;
  while (at < raw.length) {
    if (at + 4 > raw.length) return undefined;
    const phandle = view.getUint32(at);
    const end = raw.indexOf(0, at + 4);
    if (end < 0) return undefined;
    const text = Buffer.from(raw.subarray(at + 4, end)).toString('latin1');
    at = end + 1;
    let literal: Uint8Array | undefined;
    if (text.endsWith('=')) {
      literal = raw.subarray(at, at + 4);
      at += 4;
    }
    const node = phandle === 0 ? undefined : findByPhandle(overlay, phandle);
    if (phandle !== 0 && node === undefined) return undefined;
    effects.push({ node, text, literal });
  }
  return effects;
}

class Edit {
  readonly diagnostics: Diagnostic[] = [];
  readonly #overlay: Fdt;
  readonly #properties = new Map<FdtNode, Map<string, Uint8Array>>();
  readonly #enabled = new Map<number, boolean>();

  constructor(overlay: Fdt) {
    this.#overlay = overlay;
  }

  apply(name: string, value: string | undefined, effects: readonly Effect[] | undefined): void {
    if (effects === undefined) {
      this.diagnostics.push(
        report('raspberry-pi/bad-parameter', {
          message: `the overlay declares its parameter "${name}" wrongly`,
          cause: 'its entry in __overrides__ is incomplete, or it names a node that is not in the overlay',
          fix: 'compile the overlay again, or use the one from the firmware of the board',
        }),
      );
      return;
    }
    for (const effect of effects)
      if (effect.node === undefined) this.#switchFragments(effect.text, isTrue(value));
      else if (!this.#write(value, effect.node, effect)) this.#refuse(name, value, effect.text);
  }

  /** `+1-2=3!4`: fragments on, off, on if true, on if false. */
  #switchFragments(text: string, value: boolean): void {
    for (const [, sign, number] of text.matchAll(/([-+=!])(\d+)/g))
      this.#enabled.set(Number(number), sign === '+' || (sign === '=' && value) || (sign === '!' && !value));
  }

  /** @returns false when the property does not take the value */
  #write(value: string | undefined, node: FdtNode, { text, literal }: Effect): boolean {
    const match = /^([^.;:#?!=]+)(?:([.;:#])(\d+)|([?!]))?(?:=(.*))?$/.exec(text);
    const [, property, separator, offset, flag, inline] = match ?? [];
    if (property === undefined) return false;
    if (flag !== undefined) {
      const isSet = isTrue(value) !== (flag === '!');
      this.#set(node, property, isSet ? new Uint8Array() : undefined);
      return true;
    }
    const given = inline !== undefined && inline !== '' ? inline : value;
    if (separator === undefined) {
      if (given === undefined) return false;
      this.#set(node, property, Uint8Array.from(Buffer.from(`${given}\0`, 'latin1')));
      return true;
    }
    const number = literal?.length === 4 ? BigInt(Buffer.from(literal).readUInt32BE()) : parseBytes(given ?? '');
    const width = WIDTHS[separator] as number;
    if (number === undefined || number >= 1n << BigInt(8 * width)) return false;
    const old = this.#value(node, property) ?? new Uint8Array();
    const end = Number(offset) + width;
    if (end > MAX_PROPERTY) return false;
    const bytes = new Uint8Array(Math.max(old.length, end));
    bytes.set(old);
    for (let i = 0; i < width; i += 1) bytes[end - 1 - i] = Number((number >> BigInt(8 * i)) & 0xffn);
    this.#set(node, property, bytes);
    return true;
  }

  #refuse(name: string, value: string | undefined, text: string): void {
    this.diagnostics.push(
      report('raspberry-pi/bad-value', {
        message: `${name}=${value ?? ''} cannot be written to ${text}`,
        cause: 'the parameter needs a number that fits in its cells',
        fix: 'give a number of bytes, such as 268435456',
      }),
    );
  }

  #value(node: FdtNode, property: string): Uint8Array | undefined {
    return this.#properties.get(node)?.get(property) ?? node.properties.get(property);
  }

  #set(node: FdtNode, property: string, value: Uint8Array | undefined): void {
    const properties = this.#properties.get(node) ?? new Map(node.properties);
    if (value === undefined) properties.delete(property);
    else properties.set(property, value);
    this.#properties.set(node, properties);
  }

  /** Parameters are used up: what served them only (labels of fragment bodies) would disturb a plain overlay tool. */
  result(): Fdt {
    const { root, ...rest } = this.#overlay;
    const children = root.children
      .filter((child) => child.name !== '__overrides__')
      .map((child) => {
        if (child.name === '__symbols__') return withoutBodies(child);
        if (child.name !== '__local_fixups__') return this.#copy(child);
        const { name, properties } = child;
        return { name, properties, children: child.children.filter((fixed) => fixed.name !== '__overrides__') };
      });
    return makeFdt({ name: '', properties: root.properties, children }, rest);
  }

  #copy(node: FdtNode): NodeSpec {
    const fragment = /^fragment[@-](\d+)$/.exec(node.parent?.name ?? '')?.[1];
    const wanted = fragment === undefined ? undefined : this.#enabled.get(Number(fragment));
    const isBody = node.name === '__overlay__' || node.name === '__dormant__';
    const properties = new Map(this.#properties.get(node) ?? node.properties);
    if (isBody) properties.delete('phandle');
    return {
      name: isBody && wanted !== undefined ? (wanted ? '__overlay__' : '__dormant__') : node.name,
      properties,
      children: node.children.map((child) => this.#copy(child)),
    };
  }
}

function withoutBodies(symbols: FdtNode): NodeSpec {
  const isBody = (path: Uint8Array) =>
    /^\/[^/]+\/__(?:overlay|dormant)__\0?$/.test(Buffer.from(path).toString('latin1'));
  return { name: symbols.name, properties: new Map([...symbols.properties].filter(([, path]) => !isBody(path))) };
}

function isTrue(value: string | undefined): boolean {
  return value === undefined || !/^(?:0|n|no|off|false)$/i.test(value);
}
