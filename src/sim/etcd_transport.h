// HttpTransport of one simulated process: everything it sends goes to the simulated etcd.
#pragma once

#include "net/http.h"
#include "sim/etcd_cluster.h"
#include "sim/process.h"

namespace tamada::sim {

class SimTransport final : public HttpTransport {
 public:
  SimTransport(SimProcess& process, SimEtcd& etcd) : process_(process), etcd_(etcd) {}
  Task<Result<HttpResponse>> send(HttpRequest request, Instant deadline) override;
  Task<Result<std::unique_ptr<HttpStream>>> open(HttpRequest request, Instant deadline) override;

 private:
  SimProcess& process_;
  SimEtcd& etcd_;
};

}  // namespace tamada::sim
