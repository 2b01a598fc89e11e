import { execFile, spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** A program around the block: it reads cases, a line each, and prints `ok`, `refused` or `mistake` for each. */
export interface Judge {
  /** Of the example. */
  file: string
  /** Ends with 0 where the language is on this machine. */
  probe: readonly string[]
  /** Files by their names. */
  program: (block: string) => Readonly<Record<string, string>>
  build?: (folder: string) => readonly string[]
  run: (folder: string) => readonly string[]
}

/** A field of a case: `-` is null, else it is base64. id, timestamp, signatures, body, then the secrets. */
const NOW = 1_795_507_200

export const JUDGES: readonly Judge[] = [
  {
    file: 'receiver.mjs',
    probe: [process.execPath, '--version'],
    program: block => ({
      'judge.mjs': `${block}
import { readFileSync } from 'node:fs'
for (const line of readFileSync(process.argv[2], 'utf8').trim().split('\\n')) {
  const read = field => (field === '-' ? undefined : Buffer.from(field, 'base64'))
  const [id, timestamp, signatures, body, ...secrets] = line.split(' ').map(read)
  try {
    verify(secrets.map(String), id?.toString(), timestamp?.toString(), signatures?.toString(), body, ${NOW})
    console.log('ok')
  } catch (error) {
    console.log(error instanceof WebhookRefused ? 'refused' : error instanceof TypeError ? 'mistake' : error)
  }
}`,
    }),
    run: folder => [process.execPath, join(folder, 'judge.mjs')],
  },
  {
    file: 'receiver.py',
    probe: ['python3', '-c', 'import sys; sys.exit(sys.version_info < (3, 9))'],
    program: block => ({
      'judge.py': `${block}
import sys
def text(field):
    return None if field is None else field.decode()
for line in open(sys.argv[1]):
    fields = [None if field == "-" else base64.b64decode(field) for field in line.rstrip("\\n").split(" ")]
    message_id, timestamp, signatures, body, *secrets = fields
    try:
        verify([text(one) for one in secrets], text(message_id), text(timestamp), text(signatures), body, ${NOW})
        print("ok")
    except WebhookRefused:
        print("refused")
    except ValueError:
        print("mistake")`,
    }),
    run: folder => ['python3', join(folder, 'judge.py')],
  },
  {
    file: 'receiver.php',
    probe: ['php', '-r', 'exit(PHP_VERSION_ID < 70400 ? 1 : 0);'],
    program: block => ({
      'judge.php': `<?php
${block}
foreach (file($argv[1], FILE_IGNORE_NEW_LINES) as $line) {
    $read = function ($field) { return $field === '-' ? null : base64_decode($field); };
    $fields = array_map($read, explode(' ', $line));
    [$id, $timestamp, $signatures, $body] = $fields;
    try {
        IdfaceWebhook::verify(array_slice($fields, 4), $id, $timestamp, $signatures, $body, ${NOW});
        echo "ok\\n";
    } catch (UnexpectedValueException $refused) {
        echo "refused\\n";
    } catch (InvalidArgumentException $mistake) {
        echo "mistake\\n";
    }
}`,
    }),
    run: folder => ['php', join(folder, 'judge.php')],
  },
  {
    file: 'Receiver.java',
    probe: ['javac', '--version'],
    program: block => ({
      'IdfaceWebhook.java': block,
      'Judge.java': `
import java.util.*;
class Judge {
    static String read(String field) throws Exception {
        return field.equals("-") ? null : new String(Base64.getDecoder().decode(field), "UTF-8");
    }
    public static void main(String[] given) throws Exception {
        for (String line : java.nio.file.Files.readAllLines(java.nio.file.Paths.get(given[0]))) {
            List<String> fields = new ArrayList<>();
            for (String field : line.split(" ", -1)) fields.add(read(field));
            String[] secrets = fields.subList(4, fields.size()).toArray(new String[0]);
            byte[] body = fields.get(3).getBytes("UTF-8");
            try {
                IdfaceWebhook.verify(secrets, fields.get(0), fields.get(1), fields.get(2), body, ${NOW}L);
                System.out.println("ok");
            } catch (IdfaceWebhook.Refused refused) {
                System.out.println("refused");
            } catch (IllegalArgumentException mistake) {
                System.out.println("mistake");
            }
        }
    }
}`,
    }),
    build: folder => ['sh', '-c', `javac --release 8 -Xlint:-options -d ${folder} ${folder}/*.java`],
    run: folder => ['java', '-cp', folder, 'Judge'],
  },
  {
    file: 'receiver.go',
    probe: ['go', 'version'],
    program: block => ({
      'verify.go': `package main\n\n${block}`,
      'judge.go': `package main

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"os"
	"strings"
	"time"
)

func main() {
	file, _ := os.Open(os.Args[1])
	for lines := bufio.NewScanner(file); lines.Scan(); {
		fields := strings.Split(lines.Text(), " ")
		for at, field := range fields {
			bytes, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(field, "-"))
			fields[at] = string(bytes)
		}
		err := verify(fields[4:], fields[0], fields[1], fields[2], []byte(fields[3]), time.Unix(${NOW}, 0))
		switch {
		case err == nil:
			fmt.Println("ok")
		case strings.HasPrefix(err.Error(), "a signing secret"):
			fmt.Println("mistake")
		default:
			fmt.Println("refused")
		}
	}
}`,
    }),
    build: folder => ['go', 'build', '-o', `${folder}/judge`, `${folder}/verify.go`, `${folder}/judge.go`],
    run: folder => [join(folder, 'judge')],
  },
  {
    file: 'Receiver.cs',
    probe: ['mcs', '--version'],
    program: block => ({
      'IdfaceWebhook.cs': block,
      'Judge.cs': `
using System;
using System.Linq;
using System.Text;
public static class Judge
{
    static string Read(string field)
    {
        return field == "-" ? null : Encoding.UTF8.GetString(Convert.FromBase64String(field));
    }
    public static void Main(string[] given)
    {
        foreach (var line in System.IO.File.ReadAllLines(given[0]))
        {
            var fields = line.Split(' ').Select(Read).ToArray();
            try
            {
                IdfaceWebhook.Verify(fields.Skip(4), fields[0], fields[1], fields[2], Encoding.UTF8.GetBytes(fields[3]),
                    DateTimeOffset.FromUnixTimeSeconds(${NOW}));
                Console.WriteLine("ok");
            }
            catch (IdfaceWebhook.Refused)
            {
                Console.WriteLine("refused");
            }
            catch (ArgumentException)
            {
                Console.WriteLine("mistake");
            }
        }
    }
}`,
    }),
    build: folder => ['mcs', `-out:${folder}/judge.exe`, `${folder}/IdfaceWebhook.cs`, `${folder}/Judge.cs`],
    run: folder => ['mono', join(folder, 'judge.exe')],
  },
  {
    file: 'receiver.rb',
    probe: ['ruby', '-e', 'exit(RUBY_VERSION >= "3.0")'],
    program: block => ({
      'judge.rb': `${block}
File.foreach(ARGV[0], chomp: true) do |line|
  fields = line.split(" ", -1).map { |field| field == "-" ? nil : field.unpack1("m0").force_encoding("UTF-8") }
  id, timestamp, signatures, body, *secrets = fields
  begin
    IdfaceWebhook.verify(secrets, id, timestamp, signatures, body, ${NOW})
    puts "ok"
  rescue IdfaceWebhook::Refused
    puts "refused"
  rescue ArgumentError
    puts "mistake"
  end
end`,
    }),
    run: folder => ['ruby', join(folder, 'judge.rb')],
  },
]

const { PATH = '', HOME = '' } = process.env
const execute = ([command = '', ...args]: readonly string[]) =>
  promisify(execFile)(command, args, { env: { PATH, HOME, PYTHONIOENCODING: 'utf-8' } })

export const isHere = ({ probe: [command = '', ...args] }: Pick<Judge, 'probe'>): boolean =>
  spawnSync(command, args, { stdio: 'ignore' }).status === 0

/** The result of the program around `block` for each case. */
export const judge = async (
  { program, build, run }: Judge,
  { block, cases, folder }: { block: string; cases: readonly (readonly (string | undefined)[])[]; folder: string },
): Promise<string[]> => {
  const write = (name: string, text: string) => writeFile(join(folder, name), text)
  await Promise.all(Object.entries(program(block)).map(([name, text]) => write(name, text)))
  const field = (text: string | undefined) => (text === undefined ? '-' : Buffer.from(text).toString('base64'))
  await write('cases', `${cases.map(fields => fields.map(field).join(' ')).join('\n')}\n`)
  if (build) await execute(build(folder))
  const { stdout } = await execute([...run(folder), join(folder, 'cases')])
  return stdout.trim().split('\n')
}
