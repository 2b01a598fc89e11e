// One choice of language for all code. Samples that stand beside each other are a group: blocks of code in several languages, or
// sections whose heading is the name of a language. The first is shown until another is chosen.

const NAMES = {
  ...{ sh: 'Shell', json: 'JSON', http: 'HTTP', ts: 'TypeScript' },
  ...{ js: 'Node', mjs: 'Node', py: 'Python', python: 'Python', php: 'PHP', java: 'Java', go: 'Go' },
  ...{ cs: 'C#', csharp: 'C#', rb: 'Ruby', ruby: 'Ruby' },
}
const CHOICES = ['curl', 'Node', 'Python', 'PHP', 'Java', 'Go', 'C#', 'Ruby']
const KEY = 'code-language'

/** The name of the language of a block: what the page gives it, or its usual one. */
export const nameOf = block => block.dataset.name || NAMES[block.className] || ''

const remembered = () => {
  try {
    return localStorage.getItem(KEY)
  } catch {
    // Where a browser keeps nothing, the choice is for this page.
    return null
  }
}
const remember = name => {
  try {
    localStorage.setItem(KEY, name)
  } catch {}
}

const mark = (element, name) => {
  element.dataset.sample = name
  return element
}
const depthOf = element => Number(/^H([1-6])$/.exec(element?.tagName ?? '')?.[1] ?? 7)

/** A heading and all that stands below it, as one element. */
const sectionOf = heading => {
  const section = document.createElement('section')
  const depth = depthOf(heading)
  const parts = [heading]
  for (let next = heading.nextElementSibling; next && depthOf(next) > depth; next = next.nextElementSibling)
    parts.push(next)
  heading.before(section)
  section.append(...parts)
  return section
}

const findGroups = () => {
  for (const heading of document.querySelectorAll('main :is(h2, h3, h4)')) {
    const name = heading.firstChild?.textContent.trim()
    if (CHOICES.includes(name)) mark(sectionOf(heading), name)
  }
  for (const frame of document.querySelectorAll('main .code')) {
    const name = nameOf(frame.querySelector('code'))
    if (CHOICES.includes(name) && !frame.closest('[data-sample]')) mark(frame, name)
  }
  const groups = []
  for (const sample of document.querySelectorAll('[data-sample]')) {
    const group = groups.at(-1)
    const isNext = group?.at(-1) === sample.previousElementSibling
    if (isNext && group.every(one => one.dataset.sample !== sample.dataset.sample)) group.push(sample)
    else groups.push([sample])
  }
  return groups.filter(group => group.length > 1)
}

const barFor = (group, label, choose) => {
  const bar = document.createElement('div')
  bar.className = 'choice'
  bar.role = 'group'
  bar.ariaLabel = label
  for (const { dataset } of group) {
    const button = document.createElement('button')
    button.type = 'button'
    button.textContent = dataset.sample
    button.addEventListener('click', () => {
      // What is above may become longer or shorter: the button stays where it is.
      const { top } = button.getBoundingClientRect()
      choose(dataset.sample)
      scrollBy(0, button.getBoundingClientRect().top - top)
      remember(dataset.sample)
    })
    bar.append(button)
  }
  group[0].before(bar)
  return bar
}

export const groupSamples = label => {
  const bars = findGroups().map(group => ({ group, bar: barFor(group, label, choose) }))
  const show = ({ group, bar }, name) => {
    for (const sample of group) sample.hidden = sample.dataset.sample !== name
    for (const button of bar.children) button.ariaPressed = String(button.textContent === name)
  }
  function choose(name) {
    for (const one of bars) if (one.group.some(({ dataset }) => dataset.sample === name)) show(one, name)
  }
  for (const one of bars) show(one, one.group[0].dataset.sample)
  choose(remembered())
  // A link to a sample shows it.
  const follow = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)))
    const sample = target?.closest('[data-sample]')
    if (!sample?.hidden) return
    choose(sample.dataset.sample)
    target.scrollIntoView()
  }
  addEventListener('hashchange', follow)
  follow()
}
