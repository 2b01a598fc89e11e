// Receives webhooks of idface-notifier and verifies them. Go 1.20 or later, nothing to install.
//
//	WEBHOOK_SECRET=whsec_… go run receiver.go
//
// While a secret is being changed: both, separated by a space.
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

const (
	tolerance = 300 * time.Second
	maxBytes  = 64 * 1024
)

type event struct {
	Type string `json:"type"`
	Data struct {
		IDCardID    string `json:"idcardid"`
		CallbackURL string `json:"callbackUrl"`
	} `json:"data"`
}

func readKeys(secrets string) ([][]byte, error) {
	var keys [][]byte
	for _, secret := range strings.Split(secrets, " ") {
		text, isSecret := strings.CutPrefix(secret, "whsec_")
		key, err := base64.StdEncoding.DecodeString(text)
		// Anybody could sign with an empty key.
		if !isSecret || err != nil || len(key) < 24 {
			return nil, errors.New("WEBHOOK_SECRET must be the signing secret as it was shown, whsec_…")
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// reasonToRefuse is empty where the service has signed these very bytes, and lately.
func reasonToRefuse(keys [][]byte, header http.Header, body []byte) string {
	id, timestamp := header.Get("webhook-id"), header.Get("webhook-timestamp")
	seconds, err := strconv.ParseUint(timestamp, 10, 40)
	if id == "" || err != nil {
		return "no webhook: its headers are missing or malformed"
	}
	age := time.Since(time.Unix(int64(seconds), 0))
	if age.Abs() > tolerance {
		return fmt.Sprintf("timestamp %.0f s old: is the clock right?", age.Seconds())
	}
	for _, key := range keys {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(id + "." + timestamp + "."))
		mac.Write(body)
		expected := []byte("v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)))
		for _, signature := range strings.Split(header.Get("webhook-signature"), " ") {
			// In constant time.
			if hmac.Equal(expected, []byte(signature)) {
				return ""
			}
		}
	}
	return "no signature matches: is WEBHOOK_SECRET the one of this partner?"
}

func receive(keys [][]byte) http.HandlerFunc {
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
		if reason := reasonToRefuse(keys, r.Header, body); reason != "" {
			fmt.Println("refused:", reason)
			http.Error(w, reason, http.StatusUnauthorized)
			return
		}
		// A webhook can come twice. Keep its id with what you do, and do nothing for an id that you have.
		var e event
		if err := json.Unmarshal(body, &e); err != nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		fmt.Println(r.Header.Get("webhook-id"), e.Type, e.Data.IDCardID+e.Data.CallbackURL)
		w.WriteHeader(http.StatusNoContent)
	}
}

func main() {
	keys, err := readKeys(os.Getenv("WEBHOOK_SECRET"))
	if err != nil {
		log.Fatal(err)
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
	server := &http.Server{Handler: receive(keys), ReadTimeout: 15 * time.Second}
	log.Fatal(server.Serve(listener))
}
