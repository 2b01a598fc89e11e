import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '..')
const PAGES = ['*.zh-CN.md', '{docs,deploy,src}/**/*.zh-CN.md']
const SOURCES = ['src/**/*.ts', 'docs/*.json']

/** Stands for what is no text: a value that is put in, a line break. */
const NEUTRAL = '\uFFFC'
/** Stands for code, which is set off like a foreign word. */
const CODE = 'x'

const H = String.raw`\p{Script=Han}`
const FULL_WIDTH = '，。；：！？、（）《》'

/** What is wrong wherever it stands in Chinese. */
const FAULTS: readonly (readonly [RegExp, string])[] = [
  [new RegExp(`${H}[,;:!?()]|[,;:!?()]${H}`, 'u'), 'half-width punctuation'],
  [new RegExp(String.raw`${H}\.(?=\s|$)`, 'u'), 'half-width full stop'],
  [new RegExp(`${H}[A-Za-z0-9]|[A-Za-z0-9]${H}`, 'u'), 'no space between Chinese and another word or number'],
  [new RegExp(`[${FULL_WIDTH}] (?!\\|)|[^ |] [${FULL_WIDTH}]`, 'u'), 'a space beside full-width punctuation'],
]

/** One term each, and what is not written for it. */
const TERMS: readonly (readonly [RegExp, string])[] = [
  [/租用/, '以租约方式领取'],
  [/重复提交总是安全/, '幂等'],
  [/丢失?位数|位数丢失/, '丢失精度'],
  [/属实/, '可以放心忽略'],
  [/回调端|接收方|接收器|接收程序/, '接收端'],
  [/应答|答复|回应/, '响应'],
  [/合作伙伴|合作商|商户/, '合作方'],
  [/序列号|流水编号/, '流水号'],
  [/回调 ?URL|回调网址|回调链接/, '回调地址'],
  [/秘钥|密匙/, '密钥'],
  [/裁决|判决|判定/, '结果'],
  [new RegExp(`${H} ?API [Kk]ey|API [Kk]ey ?${H}`, 'u'), 'API 密钥'],
  [/[一两]把(密钥|主密钥| ?API| ?`?MASTER)/, '一个（密钥）'],
  [/补取|错过的回调/, '补拉漏收的回调'],
  [/帐户|帐号/, '账户'],
  [/登陆/, '登录'],
  [/(?<!源)代码 ?(\d|\{|\$|\uFFFC)|未列出的代码|该代码的/, '返回码'],
  [/其它/, '其他'],
  [/贵方/, '您'],
  [/次发送|发送记录|(?:暂停|等待|恢复|放弃|再次|即将|自动)发送/, '投递'],
  [/轮换/, '更换'],
  [/暂缓/, '暂停'],
  [/附加数据/, '自定义数据'],
  [/(?<![尚仍])无结果|没有结果/, '未决'],
  [/[新旧早近]的在前/, '按时间倒序、按时间正序'],
  [/已解除/, '已恢复'],
  [/现状/, '概览'],
  [/约多久后|自打开本页|再次投递的回调|变化前已通知|密钥文本依次|等待无效|跳过时间|丢弃，或超时/, '更通顺的说法'],
]

/** What partners read names GetResult itself. Operators have settings named UPSTREAM_…, so their pages may say 上游. */
const FOR_PARTNERS = /^docs\/(?!operations|server)|^src\/(http\/(partner|openapi|json|middleware)|client)\//
const PARTNERS_TERM = [/上游/, 'GetResult'] as const

/** What GetResult writes, as it writes it. */
const QUOTED = /非法ip访问|访问ip与备案ip不符|API ID或API KEY不正确|帐号不能为空/g

/** What people read of a page of Markdown, line by line. */
const proseOf = (markdown: string): string[] =>
  markdown
    .replaceAll(/^```[\s\S]*?^```$/gm, block => block.replaceAll(/[^\n]/g, ''))
    .replaceAll(/<!--[\s\S]*?-->|<\/?a\b[^>]*>/g, '')
    .replaceAll(/`[^`\n]+`/g, CODE)
    .replaceAll(/!?\[([^\]]*)\]\([^)\s]*\)/g, '$1')
    // Without the space Markdown would show the asterisks.
    .replaceAll(/([。：！？）])\*\* /g, '$1')
    .replaceAll('*', '')
    .replaceAll(QUOTED, CODE)
    .split('\n')

const COMMENT = /^\s*(\/\/|\/?\*).*$/
const PUT_IN = /\$\{[^}]*\}|\{\w+\}|\\[a-z]/g
const ADDRESS = /(?:file:|[a-z]+:\/\/)[^\s，。；：）`']*/g
const PATTERN = /\/\^.*?\/[a-z]*/g

const NOT_HAN = String.raw`(?:(?!\1)[^\p{Script=Han}])*`
/** Two words or more, where Chinese belongs. */
const ENGLISH = new RegExp(String.raw`\bzh:\s*(['"\x60])${NOT_HAN}[A-Za-z]{2,} [A-Za-z]{2,}${NOT_HAN}\1`, 'gu')
const englishFaults = (source: string): string[] =>
  [...source.matchAll(ENGLISH)].map(
    ({ index, 0: found }) => `${source.slice(0, index).split('\n').length}: English, “${found.slice(0, 24)}”`,
  )

/** The lines of a source that are no comment. Between a string and the code around it stands a quotation mark. */
const linesOf = (source: string): string[] =>
  source
    .split('\n')
    .map(line =>
      line
        .replace(COMMENT, '')
        .replaceAll(PUT_IN, NEUTRAL)
        .replaceAll(ADDRESS, CODE)
        .replaceAll(PATTERN, NEUTRAL)
        .replaceAll(QUOTED, CODE),
    )

/** What is wrong with the Chinese of a text, each as `line: what, where`. */
export const chineseFaults = (text: string, kind: 'page' | 'source', isForPartners = false): string[] => {
  const inLines = (kind === 'page' ? proseOf(text) : linesOf(text)).flatMap((line, index) => {
    if (!/\p{Script=Han}/u.test(line)) return []
    const where = (at: number) => line.slice(Math.max(0, at - 8), at + 12).trim()
    const list = kind === 'page' ? /[,;] /.exec(line) : null
    return [
      ...FAULTS.map(([pattern, fault]) => [pattern.exec(line), fault] as const),
      [list, 'half-width punctuation'] as const,
      ...[...TERMS, ...(isForPartners ? [PARTNERS_TERM] : [])].map(
        ([pattern, term]) => [pattern.exec(line), `another word for ${term}`] as const,
      ),
    ].flatMap(([found, fault]) => (found ? [`${index + 1}: ${fault}, “${where(found.index)}”`] : []))
  })
  return kind === 'page' ? inLines : [...englishFaults(text), ...inLines]
}

/** What is wrong with the Chinese of the pages and of the program, a line each. */
export const allChineseFaults = (root = ROOT): string[] =>
  (
    [
      [PAGES, 'page'],
      [SOURCES, 'source'],
    ] as const
  ).flatMap(([patterns, kind]) =>
    globSync(patterns, { cwd: root })
      .toSorted()
      .flatMap(file =>
        chineseFaults(readFileSync(join(root, file), 'utf8'), kind, FOR_PARTNERS.test(file)).map(
          fault => `${file}:${fault}`,
        ),
      ),
  )

if (import.meta.main) {
  const faults = allChineseFaults()
  for (const fault of faults) process.stderr.write(`${fault}\n`)
  process.exitCode = faults.length > 0 ? 1 : 0
}
