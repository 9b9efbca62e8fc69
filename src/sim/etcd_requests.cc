// The gateway's requests and what the nodes do with them.
#include <algorithm>

#include "sim/etcd_cluster.h"

namespace tamada::sim {

namespace {

constexpr Duration kRequestTimeout = 7s;  // etcd's own: 5 s and two election time-outs
constexpr Duration kConsensusFastest = 300us;
constexpr Duration kConsensusSlowest = 15ms;
constexpr std::int64_t kShortestLease = 2;  // 1.5 election time-outs

HttpResponse ok(const json::object& document) {
  return {200, to_json(document, JsonStyle::Compact), {}};
}

HttpResponse failure(int status, int code, std::string_view message) {
  json::object o;
  o["error"] = message;
  o["message"] = message;
  o["code"] = code;
  return {status, to_json(o, JsonStyle::Compact), {}};
}

HttpResponse timed_out() {
  return failure(503, 14, "etcdserver: request timed out");
}

std::string path_of_url(const std::string& url) {
  const auto scheme = url.find("://");
  const auto slash = url.find('/', scheme == std::string::npos ? 0 : scheme + 3);
  return slash == std::string::npos ? "/" : url.substr(slash);
}

}  // namespace

etcd::Header SimEtcd::header(int n, std::int64_t revision) const {
  return {cluster_id_, node(n).member_id, revision, term_};
}

void SimEtcd::request(int client, int n, HttpRequest request, Reply reply) {
  const int server = node(n).host;
  Duration delay = world_.network().delay(client, server, world_.random());
  if (world_.random().permille(static_cast<std::uint64_t>(faults_.late_request_permille))) {
    delay += world_.random().between(Duration(0), faults_.late_by_at_most);
  }
  if (!world_.network().can_send(client, server)) return;  // silence
  Reply answer = [this, client, server, reply = std::move(reply)](Result<HttpResponse> result) {
    if (!world_.network().can_send(server, client)) return;
    Result<HttpResponse> out = std::move(result);
    if (world_.random().permille(static_cast<std::uint64_t>(faults_.lost_answer_permille))) {
      if (world_.random().one_in(2)) return;
      out = Error(ErrorCode::Io, "connection reset by peer");
    }
    const Duration back = world_.network().delay(server, client, world_.random());
    world_.after(back, client, [reply, out = std::move(out)]() mutable { reply(std::move(out)); });
  };
  world_.after(delay, server, [this, client, n, request = std::move(request), answer = std::move(answer)]() mutable {
    arrive(client, n, request, std::move(answer));
  });
}

void SimEtcd::arrive(int client, int n, const HttpRequest& request, Reply reply) {
  Node& me = node(n);
  if (!me.running) return reply(Error(ErrorCode::Unavailable, "connection refused"));
  if (me.stalled) {
    me.inbox.push_back([this, client, n, request, reply] { handle(client, n, request, reply); });
    return;
  }
  handle(client, n, request, std::move(reply));
}

bool SimEtcd::authorized(const HttpRequest& request) const {
  if (user_.empty()) return true;
  for (const auto& [name, value] : request.headers) {
    std::string lower = name;
    std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
    if (lower == "authorization") return value == "token." + std::to_string(token_generation_);
  }
  return false;
}

HttpResponse SimEtcd::authenticate(const json::object& body) const {
  if (user_.empty()) return failure(400, 9, "etcdserver: authentication is not enabled");
  auto text = [&body](std::string_view name) -> std::string {
    const json::value* v = etcd::field(body, name);
    return v != nullptr && v->is_string() ? std::string(v->get_string()) : std::string();
  };
  if (text("name") != user_ || text("password") != password_) {
    return failure(400, 3, "etcdserver: authentication failed, invalid user ID or password");
  }
  json::object o;
  o["header"] = etcd::header_document({cluster_id_, 0, model_.revision(), term_});
  o["token"] = "token." + std::to_string(token_generation_);
  return ok(o);
}

void SimEtcd::handle(int client, int n, const HttpRequest& request, Reply reply) {
  (void)client;
  const std::string path = path_of_url(request.url);
  if (path == "/version") return reply(HttpResponse{200, R"({"etcdserver":"3.4.23","etcdcluster":"3.4.0"})", {}});
  if (path == "/health") return reply(HttpResponse{200, R"({"health":"true"})", {}});
  auto parsed = parse_json(request.body);
  if (!parsed || !parsed->is_object()) return reply(failure(400, 3, "invalid character in request"));
  const json::object& body = parsed->get_object();
  world_.mix(request.body);
  if (world_.tracing())
    world_.trace("etcd", "node {} from {}: {} {}", n, world_.host(client).name, path, etcd::readable(*parsed));
  if (path == "/v3/auth/authenticate") return reply(authenticate(body));
  if (!authorized(request)) {
    const bool sent = !request.headers.empty();
    return reply(sent ? failure(401, 16, "etcdserver: invalid auth token")
                      : failure(400, 3, "etcdserver: user name is empty"));
  }
  if (path == "/v3/cluster/member/list") return reply(member_list(n));
  if (path == "/v3/kv/range") return handle_range(n, body, std::move(reply));
  if (path == "/v3/lease/keepalive") return handle_keepalive(n, body, std::move(reply));
  if (path == "/v3/lease/timetolive" || path == "/v3/kv/lease/timetolive") return reply(time_to_live(n, body));
  if (path == "/v3/kv/put" || path == "/v3/kv/deleterange" || path == "/v3/kv/txn" || path == "/v3/lease/grant" ||
      path == "/v3/lease/revoke" || path == "/v3/kv/lease/revoke" || path == "/v3/kv/compaction") {
    return handle_write(n, path, body, std::move(reply));
  }
  reply(HttpResponse{404, "404 page not found\n", {}});
}

void SimEtcd::with_leader(int n, bool write, std::function<void()> run, std::function<void()> time_out) {
  const std::uint64_t id = next_id_++;
  parked_.push_back({id, n, world_.now() + kRequestTimeout, write, term_, std::move(run), std::move(time_out)});
  world_.after(kRequestTimeout, -1, [this, id] {
    auto found = std::find_if(parked_.begin(), parked_.end(), [id](const Parked& p) { return p.id == id; });
    if (found == parked_.end()) return;
    auto time_out = std::move(found->time_out);
    // The proposal may sit in the old leader's log and be committed later, when that leader finds its majority again.
    const bool forgotten = !found->write || !world_.random().one_in(3);
    if (forgotten) {
      parked_.erase(found);
    } else {
      found->time_out = nullptr;
      found->until = world_.now() + 20s;
    }
    if (time_out) time_out();
  });
  retry_parked();
}

void SimEtcd::retry_parked() {
  if (!leader_works()) return;
  for (auto it = parked_.begin(); it != parked_.end();) {
    if (it->until < world_.now() || (it->write && it->time_out == nullptr && it->term != term_)) {
      it = parked_.erase(it);
      continue;
    }
    if (!works(it->node) || !world_.network().connected(node(it->node).host, node(leader_).host)) {
      ++it;
      continue;
    }
    world_.after(world_.random().skewed(kConsensusFastest, kConsensusSlowest), -1, std::move(it->run));
    it = parked_.erase(it);
  }
}

void SimEtcd::handle_range(int n, const json::object& body, Reply reply) {
  const auto request = etcd::range_from(body);
  if (request.key.empty()) return reply(failure(400, 3, "etcdserver: key is not provided"));
  if (request.revision != 0 && request.revision < model_.compacted()) {
    return reply(failure(400, 11, "etcdserver: mvcc: required revision has been compacted"));
  }
  if (request.revision > model_.revision()) {
    return reply(failure(400, 11, "etcdserver: mvcc: required revision is a future revision"));
  }
  if (request.serializable) {
    const std::int64_t at = node(n).applied;
    return reply(ok(etcd::range_document(model_.range(request, at), header(n, at))));
  }
  with_leader(
      n, false,
      [this, n, request, reply] {
        auto answer = ok(etcd::range_document(model_.range(request), header(n, model_.revision())));
        if (node(n).apply_lag == Duration(0)) return reply(std::move(answer));
        world_.after(node(n).apply_lag, node(n).host, [reply, answer] { reply(answer); });
      },
      [reply] { reply(timed_out()); });
}

void SimEtcd::handle_write(int n, std::string path, json::object body, Reply reply) {
  with_leader(
      n, true,
      [this, n, path = std::move(path), body = std::move(body), reply] { reply(execute_write(n, path, body)); },
      [reply] { reply(timed_out()); });
}

HttpResponse SimEtcd::execute_write(int n, const std::string& path, const json::object& body) {
  if (path == "/v3/kv/txn") return execute_txn(n, body);
  if (path == "/v3/lease/grant") return execute_grant(n, body);
  if (path == "/v3/lease/revoke" || path == "/v3/kv/lease/revoke") return execute_revoke(n, body);
  if (path == "/v3/kv/compaction") {
    model_.compact(etcd::number_field(body, "revision"));
    return ok({{"header", etcd::header_document(header(n, model_.revision()))}});
  }
  etcd::TxnRequest txn;
  const bool put = path == "/v3/kv/put";
  if (put) {
    txn.success.emplace_back(etcd::put_from(body));
  } else {
    txn.success.emplace_back(etcd::delete_from(body));
  }
  if (etcd::bytes_field(body, "key").empty()) return failure(400, 3, "etcdserver: key is not provided");
  if (model_.missing_lease(txn)) return failure(404, 5, "etcdserver: requested lease not found");
  const std::int64_t before = model_.revision();
  auto response = model_.apply(txn);
  if (model_.revision() != before) committed();
  const auto head = header(n, model_.revision());
  if (put) return ok(etcd::put_document(std::get<etcd::PutResponse>(response.responses[0]), head));
  return ok(etcd::delete_document(std::get<etcd::DeleteResponse>(response.responses[0]), head));
}

HttpResponse SimEtcd::execute_txn(int n, const json::object& body) {
  const auto txn = etcd::txn_from(body);
  if (etcd::puts_a_key_twice(txn)) return failure(400, 3, "etcdserver: duplicate key given in txn request");
  if (model_.missing_lease(txn)) return failure(404, 5, "etcdserver: requested lease not found");
  const std::int64_t before = model_.revision();
  auto response = model_.apply(txn);
  if (model_.revision() != before) committed();
  return ok(etcd::txn_document(response, header(n, model_.revision())));
}

HttpResponse SimEtcd::execute_grant(int n, const json::object& body) {
  std::int64_t id = etcd::number_field(body, "ID");
  const std::int64_t asked = etcd::number_field(body, "TTL");
  if (asked > 9000000000) return failure(400, 11, "etcdserver: too large lease TTL");
  if (model_.has_lease(id)) return failure(400, 9, "etcdserver: lease already exists");
  while (id == 0 || model_.has_lease(id)) id = static_cast<std::int64_t>(world_.random().next() >> 1);
  const std::int64_t ttl = std::max(asked, kShortestLease) + faults_.extra_ttl;
  model_.add_lease(id);
  leases_[id] = {ttl, world_.now() + std::chrono::seconds(ttl)};
  watch_lease(id);
  json::object o;
  o["header"] = etcd::header_document(header(n, model_.revision()));
  o["ID"] = std::to_string(id);
  o["TTL"] = std::to_string(ttl);
  return ok(o);
}

HttpResponse SimEtcd::execute_revoke(int n, const json::object& body) {
  const std::int64_t id = etcd::number_field(body, "ID");
  if (!model_.has_lease(id)) return failure(404, 5, "etcdserver: requested lease not found");
  leases_.erase(id);
  const std::int64_t before = model_.revision();
  model_.revoke(id);
  if (model_.revision() != before) committed();
  return ok({{"header", etcd::header_document(header(n, model_.revision()))}});
}

// Leases are renewed in the memory of whoever believes to lead, without asking anybody: the answer proves nothing (M1).
void SimEtcd::handle_keepalive(int n, const json::object& body, Reply reply) {
  const std::int64_t id = etcd::number_field(body, "ID");
  auto answer = [this, n, id](std::int64_t ttl) {
    json::object result;
    result["header"] = etcd::header_document(header(n, model_.revision()));
    result["ID"] = std::to_string(id);
    if (ttl > 0) result["TTL"] = std::to_string(ttl);
    return ok({{"result", std::move(result)}});
  };
  const int believed = node(n).known_leader;
  if (believed >= 0 && believed != leader_ &&
      (believed == n || world_.network().connected(node(n).host, node(believed).host)) && node(believed).running &&
      !node(believed).stalled && node(believed).known_leader == believed) {
    Node& stale = node(believed);
    auto found = stale.stale_leases.find(id);
    if (found == stale.stale_leases.end()) return reply(answer(0));
    auto real = leases_.find(id);
    const std::int64_t ttl = real == leases_.end() ? 5 : real->second.ttl;
    found->second = world_.now() + std::chrono::seconds(ttl);
    world_.trace("etcd", "stale leader {} answers a keepalive of {}", believed, id);
    return reply(answer(ttl));
  }
  const bool reaches_leader = leader_ >= 0 && node(leader_).running && !node(leader_).stalled && believed == leader_ &&
                              (leader_ == n || world_.network().connected(node(n).host, node(leader_).host));
  auto renew = [this, id, answer, reply] {
    auto found = leases_.find(id);
    if (found == leases_.end() || found->second.expires <= world_.now()) return reply(answer(0));
    found->second.expires = world_.now() + std::chrono::seconds(found->second.ttl);
    watch_lease(id);
    reply(answer(found->second.ttl));
  };
  if (reaches_leader) return renew();
  with_leader(n, false, renew, nullptr);
}

HttpResponse SimEtcd::time_to_live(int n, const json::object& body) const {
  const std::int64_t id = etcd::number_field(body, "ID");
  auto found = leases_.find(id);
  json::object o;
  o["header"] = etcd::header_document(header(n, model_.revision()));
  o["ID"] = std::to_string(id);
  if (found == leases_.end()) {
    o["TTL"] = "-1";
    return ok(o);
  }
  const auto left = std::chrono::duration_cast<std::chrono::seconds>(found->second.expires - world_.now()).count();
  o["TTL"] = std::to_string(left);
  o["grantedTTL"] = std::to_string(found->second.ttl);
  if (etcd::flag_field(body, "keys")) {
    json::array keys;
    for (const auto& key : model_.keys_of(id)) keys.push_back(json::string(etcd::encode_base64(key)));
    o["keys"] = std::move(keys);
  }
  return ok(o);
}

HttpResponse SimEtcd::member_list(int n) const {
  json::array members;
  for (int m = 0; m < node_count(); ++m) {
    json::object member;
    member["ID"] = std::to_string(node(m).member_id);
    member["name"] = world_.host(node(m).host).name;
    member["peerURLs"] = json::array{"http://" + world_.host(node(m).host).name + ":2380"};
    member["clientURLs"] = json::array{json::string(url_of(m))};
    members.push_back(std::move(member));
  }
  json::object o;
  o["header"] = etcd::header_document(header(n, 0));
  o["members"] = std::move(members);
  return ok(o);
}

}  // namespace tamada::sim
