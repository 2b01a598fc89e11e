<?php
// Calls idface-notifier. PHP 7.4 or later with openssl, nothing to install.
//   export NOTIFIER_URL=https://notifier.example API_KEY=ifn_…
//   php caller.php register 16236437872836 https://partner.example/hook
//   php caller.php wait reg_… [SECONDS]
//   php caller.php lookup 16236437872836 16236437872837
//   php caller.php events [CURSOR]
declare(strict_types=1);

const TIMEOUT_SECONDS = 15;
// A restart of the service is crossed.
const RETRY_FOR_SECONDS = 30;
const RETRIED = [0, 408, 429, 502, 503, 504];

/** Its code is the status of HTTP, 0 without an answer. */
class NotifierError extends RuntimeException
{
    /** What the service says, see /docs/problems. */
    public array $problem;
    public int $retryAfterSeconds;

    public function __construct(int $status, array $problem, int $retryAfterSeconds = 0)
    {
        $parts = [$status, $problem['type'] ?? '', $problem['detail'] ?? ''];
        foreach ($problem['errors'] ?? [] as $field) {
            $parts[] = "{$field['path']}: {$field['message']}";
        }
        parent::__construct(implode(' ', $parts), $status);
        $this->problem = $problem;
        $this->retryAfterSeconds = $retryAfterSeconds;
    }
}

class Notifier
{
    private string $url;
    private string $apiKey;

    public function __construct(string $url, string $apiKey)
    {
        $this->url = rtrim($url, '/');
        $this->apiKey = $apiKey;
    }

    /** The same serial and URL again is the same registration, so this can be repeated. */
    public function register(string $idcardid, string $callbackUrl, array $metadata = []): array
    {
        // An empty array would become [], which is no object.
        $body = ['idcardid' => $idcardid, 'callbackUrl' => $callbackUrl, 'metadata' => (object) $metadata];
        return $this->call('POST', '/v1/registrations', $body);
    }

    /** The registration as soon as it is no longer pending, or as it is when the time is over. */
    public function wait(string $id, int $seconds = 120): array
    {
        $endsAt = microtime(true) + $seconds;
        do {
            $left = (int) max(0, min(30, $endsAt - microtime(true)));
            $path = '/v1/registrations/' . rawurlencode($id) . "?wait={$left}s";
            $registration = $this->call('GET', $path, null, TIMEOUT_SECONDS + $left);
        } while ($registration['status'] === 'pending' && $left > 0);
        return $registration;
    }

    /** At most 1,000 serials: one call after an outage. */
    public function lookup(array $idcardids): array
    {
        return $this->call('POST', '/v1/registrations/lookup', ['idcardids' => array_values($idcardids)])['data'];
    }

    /** @return array{data: array, nextCursor: string} Store the cursor when you have handled the data, and go on from it. */
    public function events(?string $cursor = null): array
    {
        return $this->call('GET', '/v1/events?' . http_build_query(['limit' => 250, 'after' => $cursor]));
    }

    /** Tries again what may pass and is safe to repeat, as all calls of this file are. */
    private function call(string $method, string $path, ?array $body = null, int $timeout = TIMEOUT_SECONDS): array
    {
        $endsAt = microtime(true) + RETRY_FOR_SECONDS;
        for ($delay = 0.25; ; $delay = min(8, $delay * 2)) {
            try {
                return $this->send($method, $path, $body, $timeout);
            } catch (NotifierError $error) {
                $wait = $error->retryAfterSeconds + $delay * mt_rand() / mt_getrandmax();
                if (!in_array($error->getCode(), RETRIED, true) || microtime(true) + $wait > $endsAt) {
                    throw $error;
                }
                usleep((int) ($wait * 1e6));
            }
        }
    }

    private function send(string $method, string $path, ?array $body, int $timeout): array
    {
        $http = [
            'method' => $method,
            'header' => ["authorization: Bearer {$this->apiKey}", 'connection: close'],
            'timeout' => $timeout,
            'ignore_errors' => true,
            // A redirect must not take the API key elsewhere.
            'follow_location' => 0,
        ];
        if ($body !== null) {
            $http['header'][] = 'content-type: application/json';
            $http['content'] = json_encode($body, JSON_THROW_ON_ERROR);
        }
        $stream = @fopen($this->url . $path, 'rb', false, stream_context_create(['http' => $http]));
        if ($stream === false) {
            throw new NotifierError(0, ['detail' => error_get_last()['message'] ?? 'no answer']);
        }
        $answer = json_decode((string) stream_get_contents($stream), true);
        $headers = stream_get_meta_data($stream)['wrapper_data'];
        fclose($stream);
        $status = (int) (explode(' ', $headers[0])[1] ?? 0);
        if ($status >= 200 && $status <= 299 && is_array($answer)) {
            return $answer;
        }
        $after = preg_grep('/^retry-after: *[0-9]+$/i', $headers);
        $seconds = $after ? (int) substr(strrchr(reset($after), ':'), 1) : 0;
        // Of a 2xx that breaks off in its middle nothing can be used.
        throw new NotifierError($status <= 299 ? 0 : $status, is_array($answer) ? $answer : [], $seconds);
    }
}

if (realpath($_SERVER['SCRIPT_FILENAME']) !== __FILE__) {
    return;
}
$command = $argv[1] ?? '';
$arguments = array_slice($argv, 2);
if (!getenv('NOTIFIER_URL') || !getenv('API_KEY')) {
    fwrite(STDERR, "NOTIFIER_URL and API_KEY must be set\n");
    exit(2);
}
$notifier = new Notifier(getenv('NOTIFIER_URL'), getenv('API_KEY'));
try {
    if ($command === 'register' && count($arguments) === 2) {
        $registration = $notifier->register(...$arguments);
        echo "{$registration['id']} {$registration['status']}\n";
    } elseif ($command === 'wait' && $arguments && preg_match('/^[0-9]+$/', $arguments[1] ?? '120')) {
        $registration = $notifier->wait($arguments[0], (int) ($arguments[1] ?? 120));
        echo "{$registration['id']} {$registration['status']} {$registration['reason']}\n";
    } elseif ($command === 'lookup' && $arguments) {
        foreach ($notifier->lookup($arguments) as $item) {
            echo $item['idcardid'], ' ', implode(' ', array_column($item['registrations'], 'status')), "\n";
        }
    } elseif ($command === 'events') {
        $cursor = $arguments[0] ?? null;
        do {
            ['data' => $events, 'nextCursor' => $cursor] = $notifier->events($cursor);
            foreach ($events as $event) {
                // body is the text of the webhook, headers its signature: hand both to the code that receives webhooks.
                $data = json_decode($event['body'], true)['data'];
                echo "{$event['messageId']} {$event['type']} ", $data['idcardid'] ?? '', "\n";
            }
        } while ($events);
        echo "cursor $cursor\n";
    } else {
        fwrite(STDERR, "usage: php caller.php register SERIAL URL | wait ID [SECONDS] | lookup SERIAL... | events [CURSOR]\n");
        exit(2);
    }
} catch (NotifierError $error) {
    fwrite(STDERR, $error->getMessage() . "\n");
    exit(1);
}
