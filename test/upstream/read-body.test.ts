import { describe, expect, test } from 'vitest'
import { readReplyText } from '../../src/upstream/reply.ts'

const read = (text: string) => readReplyText(Buffer.from(text))

const DECLARATION = '<?xml version="1.0" encoding="utf-8"?>'
const XML_RESULT =
  '<code>2</code><msg>查询成功</msg><result><status>SUCCESS</status><message>认证成功</message>' +
  '<livingScore></livingScore><similarity>100</similarity></result>'

describe('a JSON body', () => {
  test("reads the vendor's samples", () => {
    expect(
      read(
        '{"code":2,"msg":"查询成功","result":{"status":"SUCCESS","message":"认证成功","livingScore":"","similarity":"100"}}',
      ),
    ).toEqual({ code: 2, status: 'SUCCESS', message: '认证成功', livingScore: '', similarity: '100' })
    expect(read('{"code":1,"msg":"查询失败"}')).toMatchObject({ code: 1, status: undefined })
  })

  test.each(['\uFEFF', ' \r\n\t', '\uFEFF\n'])('is recognised after %j', start => {
    expect(read(`${start}{"code":"2"}\n`)).toMatchObject({ code: '2' })
  })

  test('keeps scores exactly as they are written', () => {
    const body = '{"code":2,"result":{"status":"SUCCESS","livingScore":95.250,"similarity":12345678901234567890.10}}'
    expect(read(body)).toMatchObject({ code: 2, livingScore: '95.250', similarity: '12345678901234567890.10' })
  })

  test.each([
    '{"code":2,"result":{"status":"SUCC',
    '{"code":2',
    '{',
    "{'code':2}",
    '{"code":2}{"code":2}',
    '{"code":2}\0',
  ])('U6 is refused when broken: %j', body => {
    expect(read(body)).toBeNull()
  })
})

describe('an XML body', () => {
  const success = { code: '2', status: 'SUCCESS', message: '认证成功', livingScore: null, similarity: '100' }

  test("reads the vendor's samples", () => {
    expect(read(`${DECLARATION}<GetResultResult>${XML_RESULT}</GetResultResult>`)).toEqual(success)
    expect(read(`${DECLARATION}<GetResultResult><code>1</code><msg>查询失败</msg></GetResultResult>`)).toMatchObject({
      code: '1',
      status: null,
    })
  })

  test.each([
    ['another root', `<IdFaceResult>${XML_RESULT}</IdFaceResult>`],
    ['a default namespace', `<GetResultResult xmlns="http://api.ihuyi.com/">${XML_RESULT}</GetResultResult>`],
    ['prefixes', `<a:GetResultResult xmlns:a="x">${XML_RESULT.replaceAll(/<(\/?)/g, '<$1a:')}</a:GetResultResult>`],
    [
      'a byte order mark and white space',
      `\uFEFF \r\n${DECLARATION}<GetResultResult>${XML_RESULT}</GetResultResult>\n`,
    ],
    ['comments and CDATA', `<R.Result>${XML_RESULT.replace('SUCCESS', '<!-- x --><![CDATA[SUCCESS]]>')}</R.Result>`],
    ['indentation', `<GetResultResult>${XML_RESULT.replaceAll('><', '>\n  <')}</GetResultResult>`],
  ])('is read with %s', (_, body) => {
    const fields = read(body)
    expect({ ...fields, livingScore: `${fields?.livingScore ?? ''}`.trim() || null }).toEqual(success)
  })

  test('U7 is refused when a field is there twice', () => {
    const twice = '<result><status>SUCCESS</status><status>FAIL</status></result>'
    expect(read(`<GetResultResult><code>2</code>${twice}</GetResultResult>`)).toBeNull()
  })

  test.each([
    '<!DOCTYPE GetResultResult>',
    '<!DOCTYPE r [<!ENTITY two "2">]>',
    '<!DOCTYPE r SYSTEM "file:///etc/passwd">',
  ])('U8 is refused with a DTD: %s', dtd => {
    expect(read(`${DECLARATION}${dtd}<GetResultResult>${XML_RESULT}</GetResultResult>`)).toBeNull()
  })
})

describe('anything else', () => {
  test.each([
    '',
    ' \n',
    '\uFEFF',
    'code=2',
    '[{"code":2}]',
    '"{}"',
    'null',
    '<!DOCTYPE html><html><body>502 Bad Gateway</body></html>',
    '<html><body><code>2</code></body></html>',
    '<html><br><p>login',
    '<GetResultResult><code>2</code>',
    '<GetResultResult><code>2</code></GetResultResult><x/>',
    '<',
  ])('U6 is no answer: %j', body => {
    expect(read(body)).toBeNull()
  })
})
