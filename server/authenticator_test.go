package server_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"testing"

	"github.com/fxamacker/cbor/v2"
)

// authenticator is a device that holds one passkey (ES256, no attestation), and the browser in
// front of it.
type authenticator struct {
	t      testing.TB
	origin string // the origin that the browser reports
	key    *ecdsa.PrivateKey
	id     []byte
	user   []byte // the user's id, from the site
	count  uint32
	flags  byte // flags it sends; user present and verified
}

// Flags of authenticator data.
const (
	userPresent  = 1 << 0
	userVerified = 1 << 2
	keyIncluded  = 1 << 6
)

func newAuthenticator(t testing.TB, origin string) *authenticator {
	t.Helper()
	id := make([]byte, 16)
	if _, err := rand.Read(id); err != nil {
		t.Fatal(err)
	}
	return &authenticator{
		t:      t,
		origin: origin,
		key:    must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t),
		id:     id,
		flags:  userPresent | userVerified,
	}
}

// asked are the options that count here.
type asked struct {
	Challenge string `json:"challenge"`
	RPID      string `json:"rpId"`
	RP        struct {
		ID string `json:"id"`
	} `json:"rp"`
	User struct {
		ID string `json:"id"`
	} `json:"user"`
	UserVerification string `json:"userVerification"`
}

func (a *authenticator) read(options any) (q asked) {
	a.t.Helper()
	if err := json.Unmarshal(must(json.Marshal(options))(a.t), &q); err != nil {
		a.t.Fatal(err)
	}
	return q
}

func encode64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func (a *authenticator) clientData(what, challenge string) []byte {
	return must(
		json.Marshal(object{"type": what, "challenge": challenge, "origin": a.origin, "crossOrigin": false}),
	)(
		a.t,
	)
}

// data is what the device signs, without the part of the client.
func (a *authenticator) data(rp string, flags byte) []byte {
	sum := sha256.Sum256([]byte(rp))
	return binary.BigEndian.AppendUint32(append(sum[:], flags), a.count)
}

// create does the work of credentials.create.
func (a *authenticator) create(options any) object {
	a.t.Helper()
	q := a.read(options)
	a.user = must(base64.RawURLEncoding.DecodeString(q.User.ID))(a.t)
	point := must(a.key.PublicKey.Bytes())(a.t) // 4, x, y
	encoder := must(cbor.CTAP2EncOptions().EncMode())(a.t)
	cose := must(encoder.Marshal(map[int]any{1: 2, 3: -7, -1: 1, -2: point[1:33], -3: point[33:]}))(a.t)
	data := a.data(q.RP.ID, a.flags|keyIncluded)
	data = append(data, make([]byte, 16)...)
	data = binary.BigEndian.AppendUint16(data, uint16(len(a.id)))
	data = append(append(data, a.id...), cose...)
	attestation := must(
		encoder.Marshal(map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": data}),
	)(
		a.t,
	)
	return a.credential(
		object{
			"clientDataJSON":    encode64(a.clientData("webauthn.create", q.Challenge)),
			"attestationObject": encode64(attestation),
		},
	)
}

// get does the work of credentials.get.
func (a *authenticator) get(options any) object {
	a.t.Helper()
	q := a.read(options)
	client := a.clientData("webauthn.get", q.Challenge)
	data := a.data(q.RPID, a.flags)
	hash := sha256.Sum256(client)
	sum := sha256.Sum256(append(data[:len(data):len(data)], hash[:]...))
	signature := must(ecdsa.SignASN1(rand.Reader, a.key, sum[:]))(a.t)
	return a.credential(object{
		"clientDataJSON":    encode64(client),
		"authenticatorData": encode64(data),
		"signature":         encode64(signature),
		"userHandle":        encode64(a.user),
	})
}

func (a *authenticator) credential(response object) object {
	return object{
		"id":                     encode64(a.id),
		"rawId":                  encode64(a.id),
		"type":                   "public-key",
		"response":               response,
		"clientExtensionResults": object{},
	}
}
