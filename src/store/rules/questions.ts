/** A rule that has to know more as it goes on: it yields questions, and is given an answer to each of them, in order. */
export type Asking<Question, Answer, Result> = Generator<readonly Question[], Result, readonly Answer[]>

/** Carries it out where a question is answered at once. */
export const answer = <Question, Answer, Result>(
  asking: Asking<Question, Answer, Result>,
  find: (question: Question) => Answer,
): Result => {
  let step = asking.next()
  while (!step.done) step = asking.next(step.value.map(find))
  return step.value
}

/** Carries them out side by side where each look costs a round trip: what all of them ask in a round is looked up together. */
export const answerTogether = async <Question, Answer, Result>(
  askings: readonly Asking<Question, Answer, Result>[],
  find: (questions: readonly Question[]) => Promise<readonly Answer[]>,
): Promise<Result[]> => {
  const results = new Map<(typeof askings)[number], Result>()
  const noteResult = (asking: (typeof askings)[number], step: IteratorResult<readonly Question[], Result>) => {
    if (step.done) results.set(asking, step.value)
    return step.done ? [] : [{ asking, questions: step.value }]
  }
  let open = askings.flatMap(asking => noteResult(asking, asking.next()))
  while (open.length > 0) {
    const answers = await find(open.flatMap(({ questions }) => questions))
    let given = 0
    open = open.flatMap(({ asking, questions }) => {
      const own = answers.slice(given, given + questions.length)
      given += questions.length
      return noteResult(asking, asking.next(own))
    })
  }
  return askings.map(asking => results.get(asking) as Result)
}
