/**
 * A rule that cannot know beforehand all that it needs: it yields a question, is given the answer, and returns what it decides. So an
 * engine may answer at once or later.
 */
export type Asking<Question, Answer, Decision> = Generator<Question, Decision, Answer>

export const answerAll = <Question, Answer, Decision>(
  rule: Asking<Question, Answer, Decision>,
  answer: (question: Question) => Answer,
): Decision => {
  let step = rule.next()
  while (!step.done) step = rule.next(answer(step.value))
  return step.value
}

/** The same where answers come later. */
export const answerAllLater = async <Question, Answer, Decision>(
  rule: Asking<Question, Answer, Decision>,
  answer: (question: Question) => Promise<Answer>,
): Promise<Decision> => {
  let step = rule.next()
  while (!step.done) step = rule.next(await answer(step.value))
  return step.value
}
