import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { METRICS } from '../src/app/readings.ts'
import type { Command } from '../src/cli/command.ts'
import { loadSections } from '../src/cli/commands.ts'
import { flagOf } from '../src/cli/program.ts'
import type { Setting } from '../src/config/setting.ts'
import { settingGroups } from '../src/config/settings.ts'
import { EVENTS } from '../src/telemetry/events.ts'
import type { Declaration, LabelSource, LabelValues } from '../src/telemetry/metrics/declaration.ts'

/** A file that is generated; `path` is relative to the root of the project. */
interface GeneratedDocument {
  path: string
  text: () => string
}

const ROOT = join(import.meta.dirname, '..')

const defaultCell = (setting: Setting): string =>
  setting.default ? `\`${setting.default}\`` : setting.neededFor ? 'required by `serve` / `serve` 必填' : ''

const nameCell = ({ name, secret }: Setting): string => (secret ? `\`${name}\` 🔒` : `\`${name}\``)

const settingsPage = (): string => {
  const groups = settingGroups.map(([, { title, settings }]) => {
    const rows = Object.values(settings).map(
      setting => `| ${nameCell(setting)} | ${defaultCell(setting)} | ${setting.en} | ${setting.zh} |`,
    )
    const head = ['| name / 名称 | default / 默认值 | meaning | 含义 |', '| --- | --- | --- | --- |']
    return [`## ${title.en} / ${title.zh}`, '', ...head, ...rows, ''].join('\n')
  })
  return `<!-- Written by npm run docs from src/config/. -->

# Settings / 配置项

Settings are environment variables; a \`.env\` file in the working folder is read if there is one. An empty string
counts as not set. Durations are a number and a unit: \`500ms\`, \`5s\`, \`10m\`, \`2h\`, \`30d\`. Lists are separated by commas.
A setting marked 🔒 is never printed and may be read from a file: \`MASTER_KEY_FILE=/run/secrets/master-key\`.

配置项即环境变量；工作目录中若有 \`.env\` 文件，也会读取。空字符串视为未设置。时长写作数字加单位：\`500ms\`、\`5s\`、\`10m\`、
\`2h\`、\`30d\`。列表以英文逗号分隔。带 🔒 的配置项绝不会被打印，也可以从文件读取：\`MASTER_KEY_FILE=/run/secrets/master-key\`。

${groups.join('\n')}`
}

const envExample = (): string => {
  const groups = settingGroups.map(([, { title, settings }]) => {
    const entries = Object.values(settings).map(setting => {
      const line = `${setting.name}=${setting.default ?? ''}`
      return [`# ${setting.en}`, `# ${setting.zh}`, setting.neededFor ? line : `#${line}`].join('\n')
    })
    return [`## ${title.en} / ${title.zh}`, ...entries].join('\n\n')
  })
  return ['# Copy to .env. All settings with their defaults; docs/settings.md has the same as a table.', ...groups]
    .join('\n\n')
    .concat('\n')
}

const eventsPage = (): string => {
  const rows = Object.entries(EVENTS).map(([name, { level, fields, meaning }]) => {
    const listed = Object.entries(fields).map(([field, { kind }]) => `\`${field}\` (${kind})`)
    return `| \`${name}\` | ${level} | ${meaning} | ${listed.join(', ')} |`
  })
  return `<!-- Written by npm run docs from src/telemetry/events.ts. -->

# Events

The log on stdout has one JSON line for each event, with \`level\`, \`time\`, \`version\`, \`event\` (the name) and the fields below.
\`LOG_LEVEL\` is the least important level that is written. No field holds a secret, a signature, a score, a whole serial or a
partner's URL; \`host\` names the host instead. [operations.md](operations.md) has more about a paused account or a full disk.

| event | level | meaning, and what to do | fields |
| --- | --- | --- | --- |
${rows.join('\n')}
`
}

const ORIGINS: Readonly<Record<LabelSource, string>> = {
  accounts: 'the ids of the accounts (`account list`)',
  routes: 'the path of the route, as a pattern',
  methods: "the request's method, or `other`",
  statuses: 'the status of the answer',
  version: 'the version of this process',
  settings: 'a fingerprint of its settings that all nodes share',
  key: 'a fingerprint of its master key',
}

const labelText = (name: string, values: LabelValues): string =>
  `\`${name}\`: ${'from' in values ? ORIGINS[values.from] : values.map(value => `\`${value}\``).join(', ')}`

const metricRow = ({ name, type, help, labels, buckets = [] }: Declaration): string => {
  const listed = Object.entries(labels).map(([label, values]) => labelText(label, values))
  const bounds = buckets.length === 0 ? '' : ` ${buckets[0]}…${buckets.at(-1)?.toLocaleString('en')}`
  return `| \`${name}\` | ${type}${bounds} | ${help} | ${listed.join('; ')} |`
}

const metricsPage =
  (): string => `<!-- Written by npm run docs from src/telemetry/metrics/event-metrics.ts and src/app/readings.ts. -->

# Metrics

\`GET /metrics\` has these in Prometheus' text format, and those that \`prom-client\` counts of every Node process: processor, memory,
event loop, garbage collection (\`process_…\`, \`nodejs_…\`). If others than your Prometheus can reach the port, set \`METRICS_TOKEN\`: the
page then asks for it as a bearer token.

- Every known label value is there from the start, at 0; only the durations of an API's route begin with its first request. No
  label ever names a partner, a serial, a URL or a host.
- Counters and histograms count since the start of this process; figures of the process are at most 5 s old. Gauges of queues, accounts and
  callbacks come from the database, and are the same on every node. They are read once in 5 s, for all scrapers together, and without a scan.
- If the database does not answer within 2 s, the page has the last figures; \`idface_stats_age_seconds\` is their age. The process's own
  counts go on meanwhile: \`idface_store_errors_total\` rises while the database is away.
- \`nodejs_eventloop_lag_min_seconds\`, \`max\`, \`mean\`, \`p50\`, \`p90\` and \`p99\` are the lateness of a timer that is set five times a second,
  since the last read of this page: other work had to wait as long. A shorter halt between two timers is not seen.

| metric | type | meaning | labels |
| --- | --- | --- | --- |
${Object.values(METRICS).map(metricRow).join('\n')}
`

const SECTIONS = await loadSections()

const commandRows = ({ path, words, args, options, printsData, example }: Command): string => {
  const names = Object.values(args).map(({ placeholder, fallback }) =>
    fallback === undefined ? placeholder : `[${placeholder}]`,
  )
  const typed = [path, ...names].join(' ')
  const flags = Object.entries(options).map(([key, { placeholder, words }]) => {
    const flag = [flagOf(key), ...(placeholder === null ? [] : [placeholder])].join(' ')
    return `\`${flag}\`: ${words.en} / ${words.zh}`
  })
  const cells = [`\`${typed}\``, words.en, words.zh, [...flags, ...(printsData ? ['`--json`'] : [])].join('<br>')]
  return `| ${[...cells, `\`${example}\``].join(' | ')} |`
}

const commandsPage = (): string => {
  const sections = SECTIONS.map(({ title: { en, zh }, files }) => {
    const heading = `## ${en.slice(0, -1)} / ${zh.slice(0, -1)}`
    const commands = Object.values(files).flatMap(file => file.commands)
    const head = [
      '| command / 命令 | what it does | 作用 | options / 选项 | example / 示例 |',
      '| --- | --- | --- | --- | --- |',
    ]
    return [heading, '', ...head, ...commands.map(commandRows), ''].join('\n')
  })
  return `<!-- Written by npm run docs from src/cli/. -->

# Commands / 命令

In the project's folder a command is called by \`npm run -s cli -- COMMAND\`, where the package is installed by \`idface-notifier COMMAND\`;
the examples go behind that. Every command takes \`--help\` and \`--lang zh\` or \`--lang en\`; the default goes by \`LC_ALL\` and
\`LANG\`. Times are those of the reader's zone, which \`TZ\` names; in Chinese Beijing's where it names none. \`--json\` prints JSON, with
times in UTC and lists as \`{ "data": […], "nextCursor": … }\`. Exit codes: 0 it worked, 1 it failed, 2 wrong usage or settings;
then stderr names each problem.

在项目文件夹中用 \`npm run -s cli -- 命令\` 调用，安装后用 \`idface-notifier 命令\`，示例均接在其后。所有命令都支持 \`--help\` 与
\`--lang zh\`、\`--lang en\`，默认语言取自 \`LC_ALL\` 与 \`LANG\`。时间按读者所在时区显示（由 \`TZ\` 指定；中文默认为北京时间）。
\`--json\` 输出 JSON，时间为 UTC，列表形如 \`{ "data": […], "nextCursor": … }\`。退出码：0 成功，1 失败，2 用法或配置有误（stderr 逐条列出问题）。

${sections.join('\n')}`
}

export const documents: readonly GeneratedDocument[] = [
  { path: 'docs/settings.md', text: settingsPage },
  { path: 'docs/events.md', text: eventsPage },
  { path: 'docs/metrics.md', text: metricsPage },
  { path: 'docs/commands.md', text: commandsPage },
  { path: '.env.example', text: envExample },
]

/** The paths of the documents whose files are missing or out of date. */
export const staleDocuments = (root = ROOT): string[] =>
  documents.filter(({ path, text }) => readExisting(join(root, path)) !== text()).map(({ path }) => path)

const readExisting = (path: string): string | null => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}

const write = ({ path, text }: GeneratedDocument): void => {
  mkdirSync(dirname(join(ROOT, path)), { recursive: true })
  writeFileSync(join(ROOT, path), text())
}

if (import.meta.main) {
  if (process.argv.includes('--check')) {
    const stale = staleDocuments()
    for (const path of stale) process.stderr.write(`${path} is out of date; run: npm run docs\n`)
    process.exitCode = stale.length > 0 ? 1 : 0
  } else {
    for (const document of documents) write(document)
  }
}
