// Calls idface-notifier. Go 1.21 or later, nothing to install.
//
//	export NOTIFIER_URL=https://notifier.example API_KEY=ifn_…
//	go run caller.go register 16236437872836 https://partner.example/hook
//	go run caller.go wait reg_… [SECONDS]
//	go run caller.go lookup 16236437872836 16236437872837
//	go run caller.go events [CURSOR]
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

const (
	timeout = 15 * time.Second
	// A restart of the service is crossed.
	retryFor = 30 * time.Second
)

// Registration has the fields that most programs need. Fields that are not named are ignored.
type Registration struct {
	ID       string            `json:"id"`
	Idcardid string            `json:"idcardid"`
	Metadata map[string]string `json:"metadata"`
	Status   string            `json:"status"`
	Reason   string            `json:"reason"`
}

// Event is a webhook: Body is its text, Headers its signature. Hand both to the code that receives webhooks.
type Event struct {
	MessageID string            `json:"messageId"`
	Type      string            `json:"type"`
	Body      string            `json:"body"`
	Headers   map[string]string `json:"headers"`
}

// NotifierError is an answer that is no 2xx; Status is 0 without an answer. /docs/problems lists the types.
type NotifierError struct {
	Status     int
	Type       string `json:"type"`
	Detail     string `json:"detail"`
	Errors     []struct{ Path, Message string }
	retryAfter time.Duration
}

func (e *NotifierError) Error() string {
	text := fmt.Sprintf("%d %s %s", e.Status, e.Type, e.Detail)
	for _, field := range e.Errors {
		text += fmt.Sprintf(" %s: %s", field.Path, field.Message)
	}
	return text
}

func (e *NotifierError) mayPass() bool {
	return e.Status == 0 || e.Status == 408 || e.Status == 429 || e.Status == 502 || e.Status == 503 || e.Status == 504
}

type Notifier struct {
	URL    string
	APIKey string
	client *http.Client
}

func NewNotifier(url, apiKey string) *Notifier {
	// A redirect must not take the API key elsewhere.
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Notifier{strings.TrimRight(url, "/"), apiKey, &http.Client{CheckRedirect: stay}}
}

// Register: the same serial and URL again is the same registration, so this can be repeated.
func (n *Notifier) Register(idcardid, callbackURL string, metadata map[string]string) (registration Registration, err error) {
	body := map[string]any{"idcardid": idcardid, "callbackUrl": callbackURL}
	if metadata != nil {
		body["metadata"] = metadata
	}
	err = n.call("POST", "/v1/registrations", body, timeout, &registration)
	return registration, err
}

// Wait answers as soon as the registration is no longer pending, or as it is when the time is over.
func (n *Notifier) Wait(id string, limit time.Duration) (registration Registration, err error) {
	endsAt := time.Now().Add(limit)
	for {
		left := time.Until(endsAt).Truncate(time.Second)
		left = max(0, min(30*time.Second, left))
		path := fmt.Sprintf("/v1/registrations/%s?wait=%ds", url.PathEscape(id), int(left.Seconds()))
		err = n.call("GET", path, nil, timeout+left, &registration)
		if err != nil || registration.Status != "pending" || left == 0 {
			return registration, err
		}
	}
}

// Found are the registrations of a serial, none where it is not registered.
type Found struct {
	Idcardid      string         `json:"idcardid"`
	Registrations []Registration `json:"registrations"`
}

// Lookup takes at most 1,000 serials: one call after an outage.
func (n *Notifier) Lookup(idcardids []string) ([]Found, error) {
	var answer struct{ Data []Found }
	err := n.call("POST", "/v1/registrations/lookup", map[string]any{"idcardids": idcardids}, timeout, &answer)
	return answer.Data, err
}

// Events are the messages after the cursor, and the cursor to go on from: store it when you have handled them.
func (n *Notifier) Events(cursor string) ([]Event, string, error) {
	query := url.Values{"limit": {"250"}}
	if cursor != "" {
		query.Set("after", cursor)
	}
	var page struct {
		Data       []Event
		NextCursor string
	}
	err := n.call("GET", "/v1/events?"+query.Encode(), nil, timeout, &page)
	return page.Data, page.NextCursor, err
}

// Tries again what may pass and is safe to repeat, as all calls of this file are.
func (n *Notifier) call(method, path string, body any, limit time.Duration, answer any) error {
	endsAt := time.Now().Add(retryFor)
	for delay := 250 * time.Millisecond; ; delay = min(8*time.Second, 2*delay) {
		err := n.send(method, path, body, limit, answer)
		var failed *NotifierError
		if !errors.As(err, &failed) || !failed.mayPass() {
			return err
		}
		wait := failed.retryAfter + time.Duration(rand.Int63n(int64(delay)))
		if time.Now().Add(wait).After(endsAt) {
			return err
		}
		time.Sleep(wait)
	}
}

func (n *Notifier) send(method, path string, body any, limit time.Duration, answer any) error {
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		content = bytes.NewReader(text)
	}
	request, err := http.NewRequest(method, n.URL+path, content)
	if err != nil {
		return err
	}
	request.Header.Set("authorization", "Bearer "+n.APIKey)
	request.Header.Set("content-type", "application/json")
	client := *n.client
	client.Timeout = limit
	response, err := client.Do(request)
	if err != nil {
		return &NotifierError{Detail: err.Error()}
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return &NotifierError{Detail: err.Error()}
	}
	if response.StatusCode >= 200 && response.StatusCode <= 299 {
		return json.Unmarshal(text, answer)
	}
	failed := &NotifierError{}
	_ = json.Unmarshal(text, failed)
	failed.Status = response.StatusCode
	seconds, _ := strconv.Atoi(response.Header.Get("retry-after"))
	failed.retryAfter = time.Duration(max(0, seconds)) * time.Second
	return failed
}

var errUsage = errors.New("usage: caller register SERIAL URL | wait ID [SECONDS] | lookup SERIAL... | events [CURSOR]")

func run(notifier *Notifier, command string, arguments []string) error {
	switch {
	case command == "register" && len(arguments) == 2:
		registration, err := notifier.Register(arguments[0], arguments[1], nil)
		if err != nil {
			return err
		}
		fmt.Println(registration.ID, registration.Status)
	case command == "wait" && (len(arguments) == 1 || len(arguments) == 2):
		seconds, err := strconv.ParseUint(append(arguments, "120")[1], 10, 16)
		if err != nil {
			return errUsage
		}
		registration, err := notifier.Wait(arguments[0], time.Duration(seconds)*time.Second)
		if err != nil {
			return err
		}
		fmt.Println(registration.ID, registration.Status, registration.Reason)
	case command == "lookup" && len(arguments) > 0:
		found, err := notifier.Lookup(arguments)
		if err != nil {
			return err
		}
		for _, item := range found {
			fmt.Print(item.Idcardid)
			for _, registration := range item.Registrations {
				fmt.Print(" ", registration.Status)
			}
			fmt.Println()
		}
	case command == "events":
		cursor := strings.Join(arguments, "")
		for {
			events, next, err := notifier.Events(cursor)
			if err != nil {
				return err
			}
			cursor = next
			if len(events) == 0 {
				break
			}
			for _, event := range events {
				var webhook struct{ Data struct{ Idcardid string } }
				if err := json.Unmarshal([]byte(event.Body), &webhook); err != nil {
					return err
				}
				fmt.Println(event.MessageID, event.Type, webhook.Data.Idcardid)
			}
		}
		fmt.Println("cursor", cursor)
	default:
		return errUsage
	}
	return nil
}

func main() {
	url, apiKey := os.Getenv("NOTIFIER_URL"), os.Getenv("API_KEY")
	if url == "" || apiKey == "" || len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "NOTIFIER_URL and API_KEY must be set;", errUsage)
		os.Exit(2)
	}
	if err := run(NewNotifier(url, apiKey), os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		if err == errUsage {
			os.Exit(2)
		}
		os.Exit(1)
	}
}
