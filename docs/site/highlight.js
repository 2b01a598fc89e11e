// Marks comments, strings, keywords and numbers in code. It knows just enough of each language to be right in these pages.

const SLASHES = /\/\/[^\n]*|\/\*[\s\S]*?\*\//
const HASH = /(?<=^|\s)#[^\n]*/
const QUOTED = /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/
const TEMPLATE = /`(?:\\.|[^`\\])*`/
const ACROSS_LINES = /"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'/
const SHELL = /"(?:\\.|[^"\\])*"|'[^']*'/
/** A literal pattern of JavaScript or Ruby, which may hold quotes. */
const PATTERN = /(?<=[(,=:!&|~]\s*)\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n])+\/\w*/

const C_WORDS =
  'abstract|as|async|await|bool|boolean|break|byte|case|catch|char|class|const|continue|default|do|double|else|enum|export|extends|false|final|finally|for|foreach|from|function|if|implements|import|in|instanceof|int|interface|is|let|long|namespace|new|null|of|out|package|private|protected|public|readonly|return|static|string|super|switch|this|throw|throws|true|try|typeof|undefined|using|var|void|while|yield'
const LANGUAGES = {
  js: [[SLASHES], [QUOTED, TEMPLATE, PATTERN], C_WORDS],
  java: [[SLASHES], [/"""[\s\S]*?"""/, QUOTED], `${C_WORDS}|record`],
  cs: [[SLASHES], [/@"(?:""|[^"])*"/, QUOTED], `${C_WORDS}|lock|record`],
  go: [[SLASHES], [QUOTED, TEMPLATE], `${C_WORDS}|chan|defer|func|go|map|nil|range|struct|type`],
  php: [
    [SLASHES, HASH],
    [ACROSS_LINES],
    `${C_WORDS}|array|declare|echo|elseif|exit|fn|isset|match|require|use|\\$\\w+`,
  ],
  py: [
    [HASH],
    [/"""[\s\S]*?"""/, QUOTED],
    'and|as|assert|async|await|break|class|continue|def|del|elif|else|except|False|finally|for|from|if|import|in|is|lambda|None|not|or|pass|raise|return|True|try|while|with|yield',
  ],
  rb: [
    [HASH],
    [QUOTED, PATTERN],
    'and|begin|break|case|class|def|do|else|elsif|end|ensure|false|if|module|next|nil|not|or|raise|require|rescue|return|self|then|true|unless|until|when|while|yield',
  ],
  sh: [[HASH], [SHELL], 'curl|export|node|npm|npx|php|python3|java|go|dotnet|ruby|\\$\\w+'],
  json: [[], [QUOTED], 'true|false|null'],
}
const SAME = { mjs: 'js', ts: 'js', javascript: 'js', typescript: 'js', python: 'py', ruby: 'rb', csharp: 'cs' }

const either = patterns => patterns.map(({ source }) => source).join('|') || '(?!)'

/** The parts of the code in order, each with what it is; `plain` for the rest. Null for a language that is not known. */
export const partsOf = (code, language) => {
  const rules = LANGUAGES[SAME[language] ?? language]
  if (!rules) return null
  const [comments, strings, words] = rules
  const kinds = {
    string: either(strings),
    comment: either(comments),
    keyword: `(?<![\\w$.])(?:${words})(?![\\w-])`,
    number: '(?<![\\w.:/-])\\d[\\d_.]*(?![\\w:/-])',
  }
  const pattern = Object.entries(kinds).map(([kind, source]) => `(?<${kind}>${source})`)
  const parts = []
  let at = 0
  for (const match of code.matchAll(new RegExp(pattern.join('|'), 'gm'))) {
    if (match.index > at) parts.push(['plain', code.slice(at, match.index)])
    parts.push([Object.keys(kinds).find(kind => match.groups[kind] !== undefined), match[0]])
    at = match.index + match[0].length
  }
  return [...parts, ['plain', code.slice(at)]]
}

/** Colours a block of code. Its text stays as it is. */
export const highlight = block => {
  const parts = partsOf(block.textContent, block.className)
  if (!parts) return
  block.replaceChildren(
    ...parts.map(([kind, text]) => {
      if (kind === 'plain') return text
      const span = document.createElement('span')
      span.className = `is-${kind}`
      span.textContent = text
      return span
    }),
  )
}
