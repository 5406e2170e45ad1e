package redisbus

import (
	"crypto/tls"
	"errors"
	"net"
	"net/url"
	"strings"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"meanwhile/storage"
)

// Options are what another client needs to reach the same Redis. They hold a password: keep them
// out of logs.
//
// One server has Addr. Servers behind sentinels have Master and Sentinels. A cluster has Cluster,
// and no DB.
type Options struct {
	Network  string // tcp or unix
	Addr     string
	Username string
	Password string
	DB       int
	TLS      *tls.Config // nil for a plain connection

	Master           string
	Sentinels        []string
	SentinelUsername string
	SentinelPassword string

	Cluster []string // some of its nodes, which name the others
}

// What an address looks like, by form, for error messages.
const (
	plainForm    = "redis://user:password@host:6379/0, or rediss:// for TLS"
	sentinelForm = "redis+sentinel://user:password@host:26379/0?master_name=NAME" +
		"&addr=host2:26379&username=…&password=…, where username and password in " +
		"the query are Redis's own, or rediss+sentinel:// for TLS"
	clusterForm = "redis+cluster://user:password@host:6379?addr=host2:6379, or rediss+cluster:// for TLS"
)

// sentinelPort is the default port of sentinels.
const sentinelPort = "26379"

var errNoMaster = errors.New("no master_name")

// forms maps a scheme to its form.
var forms = map[string]struct {
	parse func(address string) (Options, error)
	looks string
}{
	"redis":           {parsePlain, plainForm},
	"rediss":          {parsePlain, plainForm},
	"redis+sentinel":  {parseSentinel, sentinelForm},
	"rediss+sentinel": {parseSentinel, sentinelForm},
	"redis+cluster":   {parseCluster, clusterForm},
	"rediss+cluster":  {parseCluster, clusterForm},
}

// Parse reads the address of a Redis outside this process. Invalid, with the expected form, if it
// cannot be read.
func Parse(address string) (Options, error) {
	scheme, _, _ := strings.Cut(address, "://")
	form, known := forms[scheme]
	if !known {
		return Options{}, storage.E(
			storage.Invalid,
			"The Redis address is embedded:, or begins with redis://, rediss://, redis+sentinel:// or "+
				"redis+cluster://.",
			nil,
		)
	}
	o, err := form.parse(address)
	if err != nil {
		// The parser's error repeats parts of the address, perhaps the password.
		return Options{}, storage.E(
			storage.Invalid,
			"The Redis address cannot be read: it looks like "+form.looks+".",
			nil,
		)
	}
	return o, nil
}

func parsePlain(address string) (Options, error) {
	p, err := redis.ParseURL(address)
	if err != nil {
		return Options{}, err
	}
	return Options{
		Network:  p.Network,
		Addr:     p.Addr,
		Username: p.Username,
		Password: p.Password,
		DB:       p.DB,
		TLS:      p.TLSConfig,
	}, nil
}

func parseSentinel(address string) (Options, error) {
	u, err := url.Parse(strings.Replace(address, "+sentinel", "", 1))
	if err != nil {
		return Options{}, err
	}
	if u.Port() == "" {
		u.Host = net.JoinHostPort(u.Hostname(), sentinelPort)
	}
	p, err := redis.ParseFailoverURL(u.String())
	if err != nil {
		return Options{}, err
	}
	if p.MasterName == "" {
		return Options{}, errNoMaster
	}
	return Options{
		Username:         p.Username,
		Password:         p.Password,
		DB:               p.DB,
		TLS:              anyName(p.TLSConfig),
		Master:           p.MasterName,
		Sentinels:        p.SentinelAddrs,
		SentinelUsername: p.SentinelUsername,
		SentinelPassword: p.SentinelPassword,
	}, nil
}

func parseCluster(address string) (Options, error) {
	p, err := redis.ParseClusterURL(strings.Replace(address, "+cluster", "", 1))
	if err != nil {
		return Options{}, err
	}
	return Options{Username: p.Username, Password: p.Password, TLS: anyName(p.TLSConfig), Cluster: p.Addrs}, nil
}

// anyName makes TLS check each server by the name it was reached by, not by the first server's
// name.
func anyName(config *tls.Config) *tls.Config {
	if config != nil {
		config.ServerName = ""
	}
	return config
}

// client connects to Redis with our timeouts: a person's request often waits for it, and can go on
// without it.
func (o Options) client() redis.UniversalClient {
	u := redis.UniversalOptions{
		Username: o.Username, Password: o.Password, DB: o.DB, TLSConfig: o.TLS,
		DialTimeout: answerWithin, ReadTimeout: answerWithin, WriteTimeout: answerWithin, PoolTimeout: answerWithin,
		DialerRetries: 1, MaxRetries: 1, ContextTimeoutEnabled: true,
		// Both send extra commands on every connection, which not every Redis knows and nothing
		// here needs.
		DisableIdentity:          true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}
	switch {
	case o.Master != "":
		u.Addrs, u.MasterName = o.Sentinels, o.Master
		u.SentinelUsername, u.SentinelPassword = o.SentinelUsername, o.SentinelPassword
		return redis.NewFailoverClient(u.Failover())
	case len(o.Cluster) > 0:
		u.Addrs = o.Cluster
		return redis.NewClusterClient(u.Cluster())
	}
	u.Addrs = []string{o.Addr}
	single := u.Simple()
	single.Network = o.Network
	return redis.NewClient(single)
}
