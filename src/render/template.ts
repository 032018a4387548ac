/**
 * Reads a template so that no value can reach the output unwritten: the language comes from the file name, and every
 * `{{x}}` of the parsed tree becomes a call of the emit guard. Used when templates are compiled, never on a user's run.
 */
import Handlebars from 'handlebars';
import { hasKind, LANGUAGES, type Language } from '../lang/index.js';

export interface TemplateName {
  /** What the template makes, relative to its target: `cma.dtso`. */
  readonly path: string;
  readonly language: Language;
}

/**
 * `cma.dtso.dts.hbs` -> `cma.dtso` in devicetree source.
 * @throws when the file name names no language we write
 */
export function templateName(file: string): TemplateName {
  const match = /^(.+)\.([a-z]+)\.hbs$/.exec(file);
  const language = LANGUAGES.find((name) => name === match?.[2]);
  if (match?.[1] === undefined || language === undefined)
    throw new Error(
      `${file}: the name of a template is OUTPUT.LANGUAGE.hbs, with LANGUAGE one of ${LANGUAGES.join(', ')}`,
    );
  return { path: match[1], language };
}

/**
 * Compiles a template to the source text of its Handlebars program.
 * @throws with `file:line:column` when the template could write a value unguarded, or does what a template must not
 */
export function compileTemplate(file: string, source: string): string {
  const { language } = templateName(file.slice(file.lastIndexOf('/') + 1));
  const program = Handlebars.parse(source, { srcName: file });
  new Guard(file, source, language).accept(program);
  return Handlebars.precompile(program, {
    noEscape: true,
    strict: true,
    knownHelpersOnly: true,
    knownHelpers: { emit: true, need: true, log: false, lookup: false },
  }) as string;
}

const BLOCKS = ['if', 'unless', 'each', 'with'];

class Guard extends Handlebars.Visitor {
  readonly #file: string;
  readonly #lines: readonly string[];
  readonly #language: Language;

  constructor(file: string, source: string, language: Language) {
    super();
    this.#file = file;
    this.#lines = source.split('\n');
    this.#language = language;
  }

  override MustacheStatement(mustache: hbs.AST.MustacheStatement): void {
    const where = this.#where(mustache);
    // `{{{x}}}` and `{{&x}}` alike: the flag says that the text would not be escaped.
    if (!(mustache as { escaped?: boolean }).escaped) this.#refuse(mustache, 'raw mustaches are refused: write {{x}}');
    if (mustache.path.type !== 'PathExpression')
      this.#refuse(mustache, 'a literal in mustaches is refused: write it as text');
    if (mustache.hash !== undefined) this.#refuse(mustache, 'named arguments are refused');
    const before = (this.#lines[mustache.loc.start.line - 1] ?? '').slice(0, mustache.loc.start.column);
    if ((before.replace(/\{\{.*?\}\}/g, '').match(/"/g)?.length ?? 0) % 2 === 1 || before.endsWith("'"))
      this.#refuse(mustache, 'quotes around a value are refused: the language of the template writes them');

    const path = mustache.path as hbs.AST.PathExpression;
    const [value, ...rest] = mustache.params.length === 0 ? [path] : mustache.params;
    const kind = mustache.params.length === 0 ? undefined : path.original;
    if (rest.length > 0 || value?.type !== 'PathExpression')
      this.#refuse(mustache, 'a mustache is {{path}} or {{kind path}}');
    if (kind !== undefined && !hasKind(this.#language, kind))
      this.#refuse(mustache, `'${kind}' is not a kind of value that ${this.#language} writes`);
    const string = (text: string): hbs.AST.StringLiteral => ({
      type: 'StringLiteral',
      value: text,
      original: text,
      loc: mustache.loc,
    });
    mustache.path = pathTo('emit', mustache.loc);
    mustache.params = [
      value as hbs.AST.Expression,
      string(where),
      string((value as hbs.AST.PathExpression).original),
      string(kind ?? ''),
    ];
  }

  override BlockStatement(block: hbs.AST.BlockStatement): void {
    const name = block.path.type === 'PathExpression' ? (block.path as hbs.AST.PathExpression).original : '';
    if (!BLOCKS.includes(name)) this.#refuse(block, `'${name}' is not a block: use ${BLOCKS.join(', ')}`);
    const [value] = block.params;
    if (block.params.length !== 1 || value?.type !== 'PathExpression')
      this.#refuse(block, 'a block takes one path: put the condition into the view, not into the template');
    // Handlebars takes a misspelt path in a block for false; `need` does not.
    const need: hbs.AST.SubExpression = {
      type: 'SubExpression',
      path: pathTo('need', block.loc),
      params: [
        value as hbs.AST.Expression,
        { type: 'StringLiteral', value: this.#where(block), original: '', loc: block.loc } as hbs.AST.StringLiteral,
        {
          type: 'StringLiteral',
          value: (value as hbs.AST.PathExpression).original,
          original: '',
          loc: block.loc,
        } as hbs.AST.StringLiteral,
      ],
      hash: undefined as unknown as hbs.AST.Hash,
      loc: block.loc,
    };
    block.params = [need];
    this.accept(block.program);
    if (block.inverse !== undefined) this.accept(block.inverse);
  }

  override PartialStatement(partial: hbs.AST.PartialStatement): void {
    this.#refuse(partial, 'partials are refused: a template is one file');
  }

  override PartialBlockStatement(partial: hbs.AST.PartialBlockStatement): void {
    this.#refuse(partial, 'partials are refused: a template is one file');
  }

  override DecoratorBlock(decorator: hbs.AST.DecoratorBlock): void {
    this.#refuse(decorator, 'decorators are refused');
  }

  override Decorator(decorator: hbs.AST.Decorator): void {
    this.#refuse(decorator, 'decorators are refused');
  }

  #where(node: hbs.AST.Node): string {
    return `${this.#file}:${node.loc.start.line}:${node.loc.start.column + 1}`;
  }

  #refuse(node: hbs.AST.Node, why: string): never {
    throw new Error(`${this.#where(node)}: ${why}`);
  }
}

function pathTo(name: string, loc: hbs.AST.SourceLocation): hbs.AST.PathExpression {
  return {
    type: 'PathExpression',
    data: false,
    depth: 0,
    parts: [name],
    original: name,
    loc,
  } as hbs.AST.PathExpression;
}
