import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { ROOT, textOf } from './files.ts'

const FOLDER = 'deploy/docker'
const dockerfile = textOf(`${FOLDER}/Dockerfile`)
const [, build = '', image = ''] = dockerfile.split(/^FROM /m)
const compose = textOf(`${FOLDER}/compose.yaml`)
const manifest = JSON.parse(textOf('package.json')) as { version: string; files: string[]; bin: Record<string, string> }

/** The files that a stage copies from the project's folder, not `from` another stage. */
const copiedBy = (stage: string): string[] =>
  [...stage.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, paths = '']) => paths.split(' '))

// The mistakes that can be found without building it, which .ci/image does.
describe('the shipped Dockerfile', () => {
  test.each([...copiedBy(build), ...copiedBy(image)])('copies %s, which is there and not ignored', path => {
    expect(existsSync(join(ROOT, path))).toBe(true)
    expect(textOf(`${FOLDER}/Dockerfile.dockerignore`).split('\n')).toContain(`!${path}`)
  })

  test('has in its image what the package has, but for the files of other deployments', () => {
    const fromBuild = [...image.matchAll(/^COPY --from=build (?:--\S+ )?\/app\/(\S+)/gm)].map(([, path]) => path)
    const missing = manifest.files.filter(path => ![...copiedBy(image), ...fromBuild].includes(path))
    expect(missing).toEqual(['deploy', '.env.example'])
    expect(fromBuild).toEqual(['package.json', 'node_modules', 'dist'])
  })

  test('runs the command of the package, as nobody, and asks whether it lives, not whether it is ready', () => {
    expect(image).toContain(`ENTRYPOINT ["/nodejs/bin/node", "${manifest.bin['idface-notifier']}"]`)
    expect(image).toMatch(/^gcr\.io\/distroless\/nodejs24-debian13:nonroot\n/)
    expect(image).toMatch(/^STOPSIGNAL SIGTERM$/m)
    expect(/HEALTHCHECK[^\n]*\n(.*)/.exec(image)?.[1]).toContain('/healthz')
  })
})

interface Compose {
  services: Record<string, { profiles: string[]; volumes: string[] }>
  volumes: Record<string, null>
}

describe('the shipped compose file', () => {
  const { services, volumes } = parse(compose, { uniqueKeys: true }) as Compose

  test('declares the volumes that it mounts, and mounts those that it declares', () => {
    const sources = Object.values(services).flatMap(service =>
      service.volumes.map(volume => volume.split(':')[0] ?? ''),
    )
    const mounted = sources.filter(source => !source.startsWith('.'))
    expect(mounted.toSorted()).toEqual(Object.keys(volumes).toSorted())
  })

  test.each([...compose.matchAll(/- (\.\.?\/[^:]+):\//g)].map(([, path = '']) => path))(
    'mounts %s, which is there',
    path => {
      expect(existsSync(join(ROOT, FOLDER, path))).toBe(true)
    },
  )

  test('takes all rights away, and gives the service time to stop', () => {
    for (const line of ['read_only: true', 'cap_drop: [ALL]', 'stop_grace_period: 15s', '127.0.0.1:8080:8080'])
      expect(compose).toContain(line)
  })
})
