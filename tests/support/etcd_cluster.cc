#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <thread>

#include <fmt/format.h>

#include "support/etcd_cluster.h"

namespace tamada::testing {

namespace {

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "etcd for the tests: %s\n", why.c_str());
  std::abort();
}

struct Output {
  int status = 0;
  std::string text;
};

Output run_command(const std::string& command) {
  Output out;
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) give_up("popen failed");
  char buffer[4096];
  while (std::size_t n = std::fread(buffer, 1, sizeof buffer, pipe)) out.text.append(buffer, n);
  out.status = ::pclose(pipe);
  return out;
}

pid_t spawn(const std::vector<std::string>& arguments, const std::string& log) {
  std::vector<char*> argv;
  for (const std::string& a : arguments) argv.push_back(const_cast<char*>(a.c_str()));
  argv.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int fd = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::dup2(fd, 1);
  ::dup2(fd, 2);
  ::setenv("ETCD_UNSUPPORTED_ARCH", "", 0);
  ::execvp(argv[0], argv.data());
  ::_exit(127);
}

}  // namespace

bool have_etcd() {
  return run_command("command -v etcd && command -v etcdctl").status == 0;
}

int free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  if (::bind(fd, reinterpret_cast<sockaddr*>(&address), length) != 0) give_up("no free port");
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
  ::close(fd);
  return ntohs(address.sin_port);
}

EtcdCluster::EtcdCluster(EtcdClusterOptions options) : options_(std::move(options)) {
  for (int i = 0; i < options_.members; ++i) members_.push_back({fmt::format("m{}", i), free_port(), free_port(), -1});
  for (Member& member : members_) start(member, false);
  for (int i = 0; i < size(); ++i) wait_until_healthy(i);
}

EtcdCluster::~EtcdCluster() {
  for (int i = 0; i < size(); ++i) kill(i);
}

std::string EtcdCluster::url(int port) const {
  return fmt::format("{}://127.0.0.1:{}", options_.tls ? "https" : "http", port);
}

void EtcdCluster::start(Member& member, bool existing) {
  std::string initial;
  for (const Member& m : members_) {
    initial += fmt::format("{}{}=http://127.0.0.1:{}", initial.empty() ? "" : ",", m.name, m.peer_port);
  }
  const std::string peer = fmt::format("http://127.0.0.1:{}", member.peer_port);
  std::vector<std::string> arguments{"etcd",
                                     "--name",
                                     member.name,
                                     "--data-dir",
                                     directory_ / member.name,
                                     "--listen-client-urls",
                                     url(member.client_port),
                                     "--advertise-client-urls",
                                     url(member.client_port),
                                     "--listen-peer-urls",
                                     peer,
                                     "--initial-advertise-peer-urls",
                                     peer,
                                     "--initial-cluster",
                                     initial,
                                     "--initial-cluster-state",
                                     existing ? "existing" : "new",
                                     "--heartbeat-interval",
                                     "50",
                                     "--election-timeout",
                                     "500",
                                     "--logger",
                                     "zap",
                                     "--log-level",
                                     "warn",
                                     "--enable-v2"};
  if (options_.tls) {
    for (const auto& [flag, file] : {std::pair{"--cert-file", options_.tls->cert},
                                     {"--key-file", options_.tls->key},
                                     {"--trusted-ca-file", options_.tls->cacert}}) {
      arguments.insert(arguments.end(), {flag, file});
    }
    if (options_.tls->client_certificates) arguments.push_back("--client-cert-auth");
  }
  arguments.insert(arguments.end(), options_.more.begin(), options_.more.end());
  member.pid = spawn(arguments, directory_ / (member.name + ".log"));
}

std::vector<std::string> EtcdCluster::hosts() const {
  std::vector<std::string> out;
  for (const Member& m : members_) out.push_back(fmt::format("127.0.0.1:{}", m.client_port));
  return out;
}

void EtcdCluster::signal(int member, int number) {
  if (members_[static_cast<std::size_t>(member)].pid > 0)
    ::kill(members_[static_cast<std::size_t>(member)].pid, number);
}

void EtcdCluster::kill(int index) {
  Member& member = members_[static_cast<std::size_t>(index)];
  if (member.pid <= 0) return;
  ::kill(member.pid, SIGKILL);
  ::waitpid(member.pid, nullptr, 0);
  member.pid = -1;
}

void EtcdCluster::restart(int index) {
  kill(index);
  start(members_[static_cast<std::size_t>(index)], true);
}

std::string EtcdCluster::ctl(int index, const std::string& arguments, bool may_fail) {
  std::string tls;
  if (options_.tls) {
    tls = fmt::format("--cacert {} --cert {} --key {}", options_.tls->cacert, options_.tls->cert, options_.tls->key);
  }
  const Output out =
      run_command(fmt::format("ETCDCTL_API=3 etcdctl --dial-timeout=1s --command-timeout=2s --endpoints={} {} {}",
                              url(members_[static_cast<std::size_t>(index)].client_port), tls, arguments));
  if (out.status != 0 && !may_fail) give_up(arguments + ": " + out.text);
  return out.text;
}

std::string EtcdCluster::ctl2(int index, const std::string& arguments) {
  const Output out = run_command(fmt::format("ETCDCTL_API=2 etcdctl --endpoints={} {}",
                                             url(members_[static_cast<std::size_t>(index)].client_port), arguments));
  if (out.status != 0) give_up(arguments + ": " + out.text);
  return out.text;
}

void EtcdCluster::wait_until_healthy(int index) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (ctl(index, "endpoint health", true).find("is healthy") == std::string::npos) {
    if (std::chrono::steady_clock::now() > until) {
      give_up(run_command("tail -n 20 " + directory_ / (members_[static_cast<std::size_t>(index)].name + ".log")).text);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

int EtcdCluster::leader() {
  for (int i = 0; i < size(); ++i) {
    // endpoint, ID, version, size, is leader, ...
    const std::string line = ctl(i, "endpoint status", true);
    std::size_t at = 0;
    for (int comma = 0; comma < 4 && at != std::string::npos; ++comma) at = line.find(", ", at + 1);
    if (at != std::string::npos && line.compare(at + 2, 4, "true") == 0) return i;
  }
  return -1;
}

void make_certificates(const std::string& directory) {
  const std::string script = fmt::format(
      "cd {} && "
      "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test-ca -keyout ca.key -out ca.crt && "
      "for n in server client; do "
      "openssl req -newkey rsa:2048 -nodes -subj /CN=$n -keyout $n.key -out $n.csr && "
      "printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\\nextendedKeyUsage=serverAuth,clientAuth\\n' > ext && "
      "openssl x509 -req -in $n.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile ext -out $n.crt; done",
      directory);
  const Output out = run_command(script);
  if (out.status != 0) give_up(out.text);
}

}  // namespace tamada::testing
