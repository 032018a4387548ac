/** The page: files and wishes on one side, the answers of the commands on the other. */
import './node/globals.js';
import { strToU8, zipSync } from 'fflate';
import { render } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Diagnosis } from '../diagnose/index.js';
import type { Diagnostic } from '../diagnostic/index.js';
import { DISTRIBUTIONS } from '../facts/distribution.js';
import { COMMON_KERNELS } from '../facts/index.js';
import { HEAP_OF_PURPOSE } from '../init/purpose.js';
import { type Answers, answer, type KernelChoice, kernelChoices, NO_WISHES, type Wishes } from './answers.js';
import { type Dropped, dropped } from './dropped.js';
import { dmaheap } from './engine.js';
import { LANGUAGES, type Language, type Words } from './words.js';

/** What is typed is computed when the typing rests. */
const REST_MS = 250;

const NO_ANSWERS: Answers = { findings: [], needsMemory: false, generated: [] };

const KIND_WORDS = { dtb: 'kindDtb', config: 'kindConfig', profile: 'kindProfile', kernel: 'kindKernel' } as const;

/** As `diagnose` says it, for what it has read. */
function kindTitle({ name, kind }: Dropped, understood: Diagnosis['understood'], words: Words): string {
  if (kind !== 'log' && kind !== 'boot-log') return words[KIND_WORDS[kind]];
  const as = understood.filter(({ file }) => file === name).map((one) => one.as);
  return as.length === 0 ? words.kindLog : `${words.readAs} ${[...new Set(as)].join(', ')}`;
}

/** More of a log makes the page slow. */
const SHOWN_CHARACTERS = 20_000;

function Files(props: {
  files: readonly Dropped[];
  understood: Diagnosis['understood'] | undefined;
  words: Words;
  change: (to: Dropped[]) => void;
}) {
  const { files, words, change } = props;
  const [problem, setProblem] = useState('');
  const [pasted, setPasted] = useState('');
  const [isOver, setOver] = useState(false);
  const add = (added: readonly Dropped[]) =>
    change([...files.filter(({ name }) => !added.some((one) => one.name === name)), ...added]);
  const take = async (list: FileList | null | undefined) => {
    try {
      const read = await Promise.all(
        [...(list ?? [])].map(async (file) => dropped(file.name, new Uint8Array(await file.arrayBuffer()))),
      );
      setProblem('');
      add(read.flat());
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <section aria-label={words.files}>
      <label
        class={isOver ? 'drop over' : 'drop'}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          void take(event.dataTransfer?.files);
        }}
      >
        <strong>{words.drop}</strong>
        <span class="dim">{words.dropHint}</span>
        <input type="file" multiple onChange={(event) => void take(event.currentTarget.files)} />
      </label>
      <label>
        {words.paste}
        <textarea
          rows={3}
          value={pasted}
          onInput={(event) => setPasted(event.currentTarget.value)}
          spellcheck={false}
        />
      </label>
      <button
        type="button"
        disabled={pasted.trim() === ''}
        onClick={() => {
          add(dropped(`pasted-${files.length + 1}.txt`, strToU8(pasted)));
          setPasted('');
        }}
      >
        {words.add}
      </button>
      {problem !== '' && <p class="error">{problem}</p>}
      <ul class="files">
        {files.map((file) => (
          <li key={file.name}>
            <code>{file.name}</code>{' '}
            <span class="dim">{props.understood === undefined ? '' : kindTitle(file, props.understood, words)}</span>{' '}
            <button
              type="button"
              aria-label={`${words.remove} ${file.name}`}
              onClick={() => change(files.filter((one) => one !== file))}
            >
              {words.remove}
            </button>
            {file.kind !== 'dtb' && (
              <details class="given">
                <summary>{words.show}</summary>
                <pre>{new TextDecoder().decode(file.bytes.subarray(0, SHOWN_CHARACTERS))}</pre>
              </details>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** A slider over the releases, and a list that also has the descriptions of kernels. */
function Kernel(props: {
  kernel: string;
  descriptions: readonly KernelChoice[];
  words: Words;
  change: (to: string) => void;
}) {
  const { kernel, words } = props;
  const releases = ['', ...COMMON_KERNELS];
  const title = (one: string) => (one === '' ? words.anyKernel : `Linux ${one}`);
  return (
    <label>
      {words.kernel}
      <select value={kernel} onChange={({ currentTarget: { value } }) => props.change(value)}>
        {releases.map((one) => (
          <option key={one} value={one}>
            {one === '' ? words.anyKernel : one}
          </option>
        ))}
        <optgroup label={words.descriptions}>
          {props.descriptions.map(({ id, release }) => (
            <option key={id} value={id}>
              {`${id} (${release})`}
            </option>
          ))}
        </optgroup>
      </select>
      <input
        type="range"
        min="0"
        max={releases.length - 1}
        step="1"
        aria-label={words.kernelSlider}
        aria-valuetext={title(kernel)}
        value={Math.max(0, releases.indexOf(kernel))}
        onInput={({ currentTarget: { value } }) => props.change(releases[Number(value)] ?? '')}
      />
    </label>
  );
}

function Form(props: {
  wishes: Wishes;
  needsMemory: boolean;
  descriptions: readonly KernelChoice[];
  words: Words;
  change: (to: Wishes) => void;
}) {
  const { wishes, words } = props;
  const set = (key: keyof Wishes) => (event: { currentTarget: { value: string } }) =>
    props.change({ ...wishes, [key]: event.currentTarget.value });
  return (
    <form onSubmit={(event) => event.preventDefault()}>
      <label>
        {words.size}
        <input
          value={wishes.size}
          placeholder={words.sizeHint}
          onInput={set('size')}
          disabled={wishes.buffers !== ''}
        />
        <input
          type="range"
          min="0"
          max="2048"
          step="16"
          aria-label={`${words.size} (MiB)`}
          value={Number.parseInt(wishes.size, 10) || 0}
          disabled={wishes.buffers !== ''}
          onInput={({ currentTarget: { value } }) =>
            props.change({ ...wishes, size: value === '0' ? '' : `${value}M` })
          }
        />
      </label>
      <label>
        {words.buffers}
        <input
          value={wishes.buffers}
          placeholder="4 cameras 4K NV12, 6 buffers each"
          onInput={set('buffers')}
          disabled={wishes.size !== ''}
        />
      </label>
      {(wishes.size !== '' || wishes.buffers !== '') && <p class="dim">{words.eitherSize}</p>}
      <label>
        {words.purpose}
        <select value={wishes.purpose} onChange={set('purpose')}>
          <option value="">-</option>
          {Object.keys(HEAP_OF_PURPOSE).map((purpose) => (
            <option key={purpose} value={purpose}>
              {purpose}
            </option>
          ))}
        </select>
      </label>
      <Kernel
        kernel={wishes.kernel}
        descriptions={props.descriptions}
        words={words}
        change={(kernel) => props.change({ ...wishes, kernel })}
      />
      <label>
        {words.distribution}
        <select value={wishes.distribution} onChange={set('distribution')}>
          <option value="">-</option>
          {DISTRIBUTIONS.map(({ id }) => (
            <option key={id} value={id}>
              {id}
            </option>
          ))}
        </select>
      </label>
      <label>
        {words.group}
        <input value={wishes.group} placeholder="video" onInput={set('group')} />
      </label>
      {props.needsMemory && (
        <label>
          {words.memory}
          <span class="dim"> {words.memoryHint}</span>
          <input value={wishes.memory} placeholder="0x40000000+2G" onInput={set('memory')} />
        </label>
      )}
    </form>
  );
}

function Symptom(props: { diagnosis: Diagnosis; isRefused: boolean; words: Words }) {
  const { diagnosis, words } = props;
  return (
    <section>
      <h2>{words.symptom}</h2>
      {words.english !== '' && <p class="dim">{words.english}</p>}
      {diagnosis.causes.length === 0 &&
        (props.isRefused ? (
          <p class="error">
            {words.undecidedRefused} <a href="#result">{words.toResult}</a>
          </p>
        ) : (
          <p class="warning">{words.undecided}</p>
        ))}
      {diagnosis.causes.map((cause) => (
        <article key={cause.id}>
          <p>
            <strong class={cause.id === 'healthy' ? 'pass' : 'error'}>{cause.id}</strong>: {cause.text}
          </p>
          <h3>{words.evidence}</h3>
          <pre>{cause.evidence.join('\n')}</pre>
          <h3>{words.fix}</h3>
          <p class="fix">{cause.fix}</p>
        </article>
      ))}
      {diagnosis.meanings.map(({ line, text, next }) => (
        <article key={line}>
          <pre>{line}</pre>
          <p>{text}</p>
          <p class="fix">{next}</p>
        </article>
      ))}
      {diagnosis.needs.length > 0 && (
        <>
          <h3>{words.needs}</h3>
          <ul>
            {diagnosis.needs.map(({ what, why, how }) => (
              <li key={what}>
                {what}: {why}
                <br />
                <code>{how}</code>
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

function Findings({ findings, words }: { findings: readonly Diagnostic[]; words: Words }) {
  if (findings.length === 0) return <p class="pass">{words.good}</p>;
  return (
    <ul class="findings">
      {findings.map((one) => (
        <li key={one.code + one.message}>
          <strong class={one.severity}>{one.severity}</strong> <code>{one.code}</code> {one.message}
          {one.cause !== undefined && <span class="dim"> {one.cause}</span>}
          {one.fix !== undefined && (
            <span>
              {' '}
              {words.fix}: {one.fix}
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}

/** The report is a separate page in a frame that is as tall as its content, also after the window becomes narrower. */
function Report({ page, words }: { page: string; words: Words }) {
  const frame = useRef<HTMLIFrameElement>(null);
  const watch = useRef<ResizeObserver | undefined>(undefined);
  const follow = () => {
    const body = frame.current?.contentDocument?.body;
    watch.current?.disconnect();
    if (body === undefined) return;
    watch.current = new ResizeObserver(() => {
      if (frame.current) frame.current.style.height = `${body.offsetHeight + 2}px`;
    });
    watch.current.observe(body);
  };
  useEffect(() => () => watch.current?.disconnect(), []);
  return <iframe ref={frame} title={words.report} srcdoc={page} sandbox="allow-same-origin" onLoad={follow} />;
}

function download(name: string, bytes: Uint8Array): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([new Uint8Array(bytes)]));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

function Generated({ files, profile, words }: { files: Answers['generated']; profile: string; words: Words }) {
  const [copied, setCopied] = useState('');
  const copy = async (name: string, content: string) => {
    await navigator.clipboard.writeText(content);
    setCopied(name);
  };
  return (
    <section>
      <h2>{words.generated}</h2>
      <button
        type="button"
        onClick={() =>
          download(
            'dmaheap.zip',
            zipSync({
              'board.jsonc': strToU8(profile),
              ...Object.fromEntries(files.map(({ name, text }) => [name, strToU8(text)])),
            }),
          )
        }
      >
        {words.zip}
      </button>
      {files.map(({ name, text }) => (
        <details key={name}>
          <summary>
            <code>{name}</code>
          </summary>
          <button type="button" onClick={() => void copy(name, text)}>
            {copied === name ? words.copied : words.copy}
          </button>
          <pre>{text}</pre>
        </details>
      ))}
    </section>
  );
}

function Page() {
  const [language, setLanguage] = useState<Language>(navigator.language.startsWith('zh') ? 'zh' : 'en');
  const [files, setFiles] = useState<readonly Dropped[]>([]);
  const [wishes, setWishes] = useState<Wishes>(NO_WISHES);
  const [edited, setEdited] = useState<string>();
  const [answers, setAnswers] = useState<Answers>(NO_ANSWERS);
  const [isWorking, setWorking] = useState(false);
  const words = LANGUAGES[language];

  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);

  // The commands work on one directory, so one question is answered at a time and only the last one is shown.
  const turn = useRef(Promise.resolve());
  const latest = useRef(0);
  useEffect(() => {
    const mine = ++latest.current;
    const isLatest = () => mine === latest.current;
    setWorking(true);
    const timer = setTimeout(() => {
      turn.current = turn.current.then(async () => {
        if (!isLatest()) return;
        const got = await answer(files, wishes, edited).catch(
          (error: unknown): Answers => ({
            ...NO_ANSWERS,
            refusal: error instanceof Error ? error.message : String(error),
          }),
        );
        if (!isLatest()) return;
        setAnswers(got);
        setWorking(false);
      });
    }, REST_MS);
    return () => clearTimeout(timer);
  }, [files, wishes, edited]);

  const isRefused = answers.refusal !== undefined || answers.findings.some(({ severity }) => severity === 'error');
  const hasBoard = answers.profile !== undefined || files.some(({ kind }) => kind === 'dtb' || kind === 'profile');
  return (
    <>
      <header>
        <h1>{words.title}</h1>
        <p class="dim">{words.about}</p>
        <nav>
          <button type="button" lang="en" aria-pressed={language === 'en'} onClick={() => setLanguage('en')}>
            English
          </button>
          <button type="button" lang="zh" aria-pressed={language === 'zh'} onClick={() => setLanguage('zh')}>
            中文
          </button>
        </nav>
      </header>
      <main aria-busy={isWorking}>
        <Files
          files={files}
          understood={isWorking ? undefined : (answers.diagnosis?.understood ?? [])}
          words={words}
          change={(to) => {
            setFiles(to);
            setEdited(undefined);
          }}
        />
        <p role="status" class="dim">
          {isWorking ? words.working : ''}
        </p>
        {answers.diagnosis !== undefined && (
          <Symptom diagnosis={answers.diagnosis} isRefused={isRefused} words={words} />
        )}
        <section>
          <h2>{words.board}</h2>
          {!hasBoard && <p class="dim">{words.boardHint}</p>}
          {hasBoard && (
            <Form
              wishes={wishes}
              needsMemory={answers.needsMemory}
              descriptions={kernelChoices(files)}
              words={words}
              change={(to) => {
                setWishes(to);
                setEdited(undefined);
              }}
            />
          )}
        </section>
        {answers.profile !== undefined && (
          <label>
            {words.profile}
            <span class="dim"> {words.profileHint}</span>
            <textarea
              rows={16}
              value={edited ?? answers.profile}
              spellcheck={false}
              onInput={(event) => setEdited(event.currentTarget.value)}
            />
          </label>
        )}
        {(answers.profile !== undefined || answers.refusal !== undefined) && (
          <section>
            <h2 id="result">{words.result}</h2>
            {words.english !== '' && <p class="dim">{words.english}</p>}
            {answers.refusal !== undefined && <pre class="error">{answers.refusal}</pre>}
            {answers.profile !== undefined && <Findings findings={answers.findings} words={words} />}
          </section>
        )}
        {answers.report !== undefined && (
          <section>
            <h2>{words.report}</h2>
            <Report page={answers.report} words={words} />
          </section>
        )}
        {answers.generated.length > 0 && (
          <Generated files={answers.generated} profile={answers.profile ?? ''} words={words} />
        )}
      </main>
    </>
  );
}

const place = document.getElementById('page');
if (place !== null) render(<Page />, place);
// The suite calls it, and so can a user in the console of the browser.
Object.assign(globalThis, { dmaheap });
