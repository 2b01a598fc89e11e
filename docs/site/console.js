// What a page of the console does by itself. Without it all of it can be read, filtered and done.

const MOST_MS = 30_000

/** The page that shows what is so now looks again, the more rarely the longer the service takes; never while it is hidden. */
const watchLive = () => {
  const live = () => document.querySelector('[data-live]')
  if (!live()) return
  let askedAt = 0
  const leastMs = Number(live().dataset.live) * 1_000
  let waitMs = leastMs
  document.addEventListener('htmx:before:request', () => {
    askedAt = performance.now()
  })
  document.addEventListener('htmx:after:request', () => {
    waitMs = Math.min(MOST_MS, Math.max(leastMs, 250 * Math.sqrt(performance.now() - askedAt) - 1_000))
  })
  const look = () => {
    if (!document.hidden) live()?.dispatchEvent(new CustomEvent('look'))
    setTimeout(look, waitMs)
  }
  setTimeout(look, waitMs)
}

const IS_CHINESE = document.documentElement.lang === 'zh-CN'
/** Undefined: the browser's. */
const ZONE = IS_CHINESE ? 'Asia/Shanghai' : undefined
const clockOf = timeStyle => new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle, timeZone: ZONE }).format
const [toMinutes, toSeconds] = [clockOf('short'), clockOf('medium')]

/** On English pages times are in the browser's zone instead of UTC: those shown, and those typed. */
const useZoneOfBrowser = () => {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone
  const inSentence = /(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) UTC/g
  const inZone = text => text.replace(inSentence, (_, day, clock) => toSeconds(new Date(`${day}T${clock}Z`)))
  const rewrite = () => {
    for (const name of document.querySelectorAll('[data-zone]')) name.textContent = zone
    for (const strip of document.querySelectorAll('[data-marks]')) strip.dataset.marks = inZone(strip.dataset.marks)
    const texts = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT)
    while (texts.nextNode())
      if (!texts.currentNode.parentElement.closest('pre')) {
        const sentence = inZone(texts.currentNode.data)
        if (sentence !== texts.currentNode.data) texts.currentNode.data = sentence
      }
    for (const time of document.querySelectorAll('time[title]')) {
      time.textContent = toSeconds(new Date(time.dateTime))
      time.title = `${time.textContent} (${zone})`
    }
  }
  rewrite()
  document.addEventListener('htmx:after:swap', rewrite)
  for (const hidden of document.querySelectorAll('[name="zone"]')) hidden.value = zone
}

const [SECOND, MINUTE, HOUR] = [1_000, 60_000, 3_600_000]
/** Between the lines of a chart of times. */
const STEPS_MS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 20, 30].map(n => n * SECOND),
  ...[1, 2, 5, 10, 20, 30, 60].map(n => n * MINUTE),
]

/** The points without a neighbour, which no line shows. */
const lonePoints = values =>
  values.flatMap((n, i) => (n !== null && (values[i - 1] ?? values[i + 1] ?? null) === null ? [i] : []))

/** Draws a chart into its figure, with what happened meanwhile. Its keys have the colours of its lines, and the values under the pointer. */
const drawChart = (figure, { at, stepMs, marks }) => {
  const place = figure.querySelector('div')
  const keys = [...figure.querySelectorAll('.key')]
  const totals = keys.map(key => key.lastElementChild.textContent)
  const units = figure.dataset.units?.split(' ')
  const show = n => {
    if (n === null || n === undefined) return '–'
    if (units === undefined) return n.toLocaleString('en')
    if (n < SECOND) return `${n} ms`
    const [size, unit] = n < 2 * MINUTE ? [SECOND, units[0]] : [MINUTE, units[1]]
    return `${Number((n / size).toPrecision(3))} ${unit}`
  }
  const legend = figure.querySelector('.keys')
  const showAt = index => {
    // Other figures may need fewer lines.
    legend.style.minHeight ||= `${legend.offsetHeight}px`
    figure.querySelector('small').textContent = index === null ? '' : toMinutes(new Date(at[index] * 1_000))
    for (const [i, key] of keys.entries())
      key.lastElementChild.textContent = index === null ? totals[i] : show(chart.data[i + 1][index])
  }
  const addMarks = u => {
    for (const [from, to, tone, words] of marks) {
      const [left, right] = [from, to].map(ms => Math.max(0, u.valToPos(ms / 1_000, 'x')))
      const mark = document.createElement('i')
      mark.className = tone
      mark.title = words
      mark.style.left = `${left}px`
      mark.style.width = `${Math.max(2, right - left)}px`
      u.over.prepend(mark)
    }
  }
  const quiet = getComputedStyle(figure).color
  const line = getComputedStyle(figure).borderTopColor
  const isDay = stepMs < HOUR
  const axis = { stroke: quiet, grid: { stroke: line, width: 1 }, ticks: { show: false }, font: '11px system-ui' }
  const chart = new window.uPlot(
    {
      width: place.clientWidth,
      height: 130,
      padding: [6, 16, 0, 0],
      legend: { show: false },
      cursor: { sync: { key: 'charts' }, drag: { x: false, y: false }, y: false },
      tzDate: seconds =>
        window.uPlot.tzDate(new Date(seconds * 1_000), ZONE ?? Intl.DateTimeFormat().resolvedOptions().timeZone),
      series: [
        {},
        ...keys.map(key => ({
          stroke: getComputedStyle(key, '::before').backgroundColor,
          width: 1.5,
          points: { size: 3, show: true, filter: (u, i) => lonePoints(u.data[i]) },
        })),
      ],
      scales: { y: { range: (_, _min, max) => [0, Math.max(max ?? 0, units === undefined ? 4 : 100) * 1.08] } },
      axes: [
        {
          ...axis,
          size: 22,
          grid: { show: false },
          incrs: (isDay ? [4 * HOUR, 6 * HOUR, 12 * HOUR] : [24 * HOUR, 48 * HOUR]).map(ms => ms / SECOND),
          values: isDay ? '{HH}:{mm}' : '{MM}-{DD}',
        },
        {
          ...axis,
          size: units === undefined ? 46 : 62,
          space: 34,
          ...(units && { incrs: STEPS_MS }),
          values: (_, splits) => splits.map(n => (Number.isInteger(n) ? show(n) : '')),
        },
      ],
      hooks: { ready: [addMarks], setCursor: [({ cursor }) => showAt(cursor.idx ?? null)] },
    },
    [at, ...JSON.parse(figure.dataset.chart)],
    place,
  )
}

/** Draws the charts of a page, and again once it has other data, another width or other colours. */
const drawCharts = () => {
  const draw = () => {
    for (const strip of document.querySelectorAll('.strip')) {
      const { since, step, marks } = strip.dataset
      for (const figure of strip.querySelectorAll('[data-chart]')) {
        const place = figure.querySelector('div')
        place.replaceChildren()
        const steps = JSON.parse(figure.dataset.chart)[0].length
        const at = Array.from({ length: steps }, (_, i) => (Number(since) + i * Number(step)) / 1_000)
        drawChart(figure, { at, stepMs: Number(step), marks: JSON.parse(marks) })
      }
    }
  }
  draw()
  document.addEventListener('htmx:after:swap', draw)
  window.addEventListener('resize', draw)
  window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw)
}

/** `/` looks for something, `j` and `k` go down and up a list, Enter opens. */
const listenToKeys = () => {
  document.addEventListener('keydown', event => {
    const isTyping = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)
    if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return
    if (event.key === '/') {
      document.querySelector('[data-key="/"]')?.focus()
      event.preventDefault()
    }
    if (event.key === 'j' || event.key === 'k') {
      const links = [...document.querySelectorAll('tbody td:first-child a, tbody td:has(> [type="checkbox"]) + td a')]
      const at = links.indexOf(document.activeElement)
      links.at(event.key === 'j' ? Math.min(at + 1, links.length - 1) : Math.max(at - 1, 0))?.focus()
    }
  })
}

/** The box in the head of a list selects all rows. It is sent too, so it may not stay when a row is left out. */
const selectAll = () => {
  const all = document.querySelector('thead [name="all"]')
  const rows = [...document.querySelectorAll('tbody [form="ticked"]')]
  document.addEventListener('change', ({ target }) => {
    if (all && target === all) for (const row of rows) row.checked = all.checked
    else if (rows.includes(target)) all.checked = rows.every(row => row.checked)
  })
}

/** Copies the text that stands before the button; works without TLS too. */
const copyTexts = () => {
  document.addEventListener('click', event => {
    const button = event.target.closest?.('[data-copy]')
    if (!button) return
    const text = document.querySelector(button.dataset.copy)
    const range = document.createRange()
    range.selectNodeContents(text)
    window.getSelection().removeAllRanges()
    window.getSelection().addRange(range)
    if (document.execCommand('copy')) button.textContent = button.dataset.done
  })
  for (const button of document.querySelectorAll('[data-copy]')) button.hidden = false
}

watchLive()
if (!IS_CHINESE) useZoneOfBrowser()
drawCharts()
listenToKeys()
selectAll()
copyTexts()
