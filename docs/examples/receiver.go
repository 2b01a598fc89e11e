// Receives webhooks of idface-notifier and verifies them. Go 1.20 or later, nothing to install.
//
//	WEBHOOK_SECRET=whsec_… go run receiver.go
//
// While a secret is being changed: both, separated by a space.
package main

import (
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"os"
)

// --- verify: copy from here ---
import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

func readKey(secret string) ([]byte, error) {
	text, isSecret := strings.CutPrefix(secret, "whsec_")
	key, err := base64.StdEncoding.DecodeString(text)
	// Anybody could sign with an empty key.
	if !isSecret || err != nil || len(key) < 24 {
		return nil, errors.New("a signing secret must be as it was shown, whsec_…")
	}
	return key, nil
}

// verify is nil where one of the secrets has signed these very bytes, within five minutes of now. Else answer 401 with the error.
func verify(secrets []string, id, timestamp, signatures string, body []byte, now time.Time) error {
	seconds, err := strconv.ParseUint(timestamp, 10, 40)
	if id == "" || err != nil {
		return errors.New("no webhook: a header is missing or malformed")
	}
	age := now.Sub(time.Unix(int64(seconds), 0))
	if age.Abs() > 5*time.Minute {
		return fmt.Errorf("timestamp %.0f s old: is the clock right?", age.Seconds())
	}
	isSigned := false
	for _, secret := range secrets {
		key, err := readKey(secret)
		if err != nil {
			return err
		}
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(id + "." + timestamp + "."))
		mac.Write(body)
		expected := []byte("v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)))
		for _, signature := range strings.Split(signatures, " ") {
			// In constant time.
			isSigned = isSigned || hmac.Equal(expected, []byte(signature))
		}
	}
	if !isSigned {
		return errors.New("no signature matches: is the secret the one of this partner?")
	}
	return nil
}

// --- verify: to here ---

const maxBytes = 64 * 1024

type event struct {
	Type string `json:"type"`
	Data struct {
		IDCardID string `json:"idcardid"`
		Subject  string `json:"subject"`
	} `json:"data"`
}

func receive(secrets []string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBytes))
		if err != nil {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			return
		}
		id, timestamp, signatures := r.Header.Get("webhook-id"), r.Header.Get("webhook-timestamp"), r.Header.Get("webhook-signature")
		if err := verify(secrets, id, timestamp, signatures, body, time.Now()); err != nil {
			fmt.Println("refused:", err)
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		// A webhook can come twice. Keep its id with what you do, and do nothing for an id that you have.
		var e event
		if err := json.Unmarshal(body, &e); err != nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		fmt.Println(id, e.Type, e.Data.IDCardID+e.Data.Subject)
		w.WriteHeader(http.StatusNoContent)
	}
}

func main() {
	secrets := strings.Split(os.Getenv("WEBHOOK_SECRET"), " ")
	for _, secret := range secrets {
		if _, err := readKey(secret); err != nil {
			log.Fatal("WEBHOOK_SECRET: ", err)
		}
	}
	port := os.Getenv("PORT")
	if port == "" {
		port = "9000"
	}
	listener, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("listening on http://%s/\n", listener.Addr())
	server := &http.Server{Handler: receive(secrets), ReadTimeout: 15 * time.Second}
	log.Fatal(server.Serve(listener))
}
