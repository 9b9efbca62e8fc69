// Real etcd processes for tests: one or several members on free loopback ports, killed with the test program.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "support/temporary_directory.h"

namespace tamada::testing {

struct EtcdTls {
  std::string cacert, cert, key;     // of the server
  bool client_certificates = false;  // demanded
};

struct EtcdClusterOptions {
  int members = 1;
  std::optional<EtcdTls> tls;
  std::vector<std::string> more;  // arguments for every member; the v2 API is served unless they say otherwise
};

class EtcdCluster {
 public:
  explicit EtcdCluster(EtcdClusterOptions options = {});
  ~EtcdCluster();
  EtcdCluster(const EtcdCluster&) = delete;
  EtcdCluster& operator=(const EtcdCluster&) = delete;

  std::vector<std::string> hosts() const;  // "127.0.0.1:port"
  int size() const { return static_cast<int>(members_.size()); }
  void signal(int member, int number);
  void kill(int member);     // SIGKILL, and waits
  void restart(int member);  // on its old data
  // Gives up the test program when etcd does not answer within 20 s.
  void wait_until_healthy(int member);
  // Index of the raft leader; -1 when nobody says.
  int leader();
  // etcdctl with the endpoint of one member; its output. Aborts on failure unless allowed.
  std::string ctl(int member, const std::string& arguments, bool may_fail = false);
  // The same with the commands of the v2 API, without TLS.
  std::string ctl2(int member, const std::string& arguments);

 private:
  struct Member {
    std::string name;
    int client_port = 0;
    int peer_port = 0;
    pid_t pid = -1;
  };
  void start(Member& member, bool existing);
  std::string url(int port) const;

  EtcdClusterOptions options_;
  TemporaryDirectory directory_;
  std::vector<Member> members_;
};

// etcd is installed.
bool have_etcd();
// Certificates made with openssl for "localhost" and 127.0.0.1; ca.crt, server.crt/.key, client.crt/.key in
// `directory`.
void make_certificates(const std::string& directory);
// A port that nobody listens on.
int free_port();

}  // namespace tamada::testing
