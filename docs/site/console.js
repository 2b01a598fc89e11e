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

/** The backlog as this page has seen it. */
const drawBacklog = () => {
  const points = [[], [], []]
  let chart = null
  const add = () => {
    const figure = document.querySelector('.backlog')
    if (!figure) return
    const { at, polls, deliveries } = figure.dataset
    const seconds = Date.parse(at) / 1_000
    if (points[0].at(-1) === seconds) return
    for (const [i, value] of [seconds, Number(polls), Number(deliveries)].entries()) points[i].push(value)
    if (points[0].length < 2) return
    figure.hidden = false
    const place = figure.querySelector('[data-labels]')
    const [time, first, second] = place.dataset.labels.split('|')
    if (chart === null || !place.contains(chart.root)) {
      chart = new window.uPlot(
        {
          width: Math.min(720, figure.clientWidth || 320),
          height: 180,
          series: [
            { label: time, value: '{YYYY}-{MM}-{DD} {HH}:{mm}:{ss}' },
            { label: first, stroke: '#0b6e4f', width: 2 },
            { label: second, stroke: '#0b5cad', width: 2 },
          ],
          axes: [{ stroke: 'gray' }, { stroke: 'gray' }],
        },
        points,
        place,
      )
    } else chart.setData(points)
  }
  add()
  document.addEventListener('htmx:after:swap', add)
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
drawBacklog()
listenToKeys()
copyTexts()
