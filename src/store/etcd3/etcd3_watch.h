// The picture of the cluster's keys, kept current by a watch on their prefix. Reads all keys linearizably, then follows
// the changes from that revision on; starts over when the stream ends, is compacted away or falls silent.
//
// A stream can die without a sign. So, whenever nothing arrived for a while, a cheap linearizable read tells whether
// something should have.
#pragma once

#include "base/async.h"
#include "base/log.h"
#include "ports/store.h"
#include "store/etcd3/etcd3_client.h"
#include "store/etcd3/etcd3_keys.h"

namespace tamada::etcd3 {

// All keys of the cluster as of one revision.
struct Picture {
  StoredKeys keys;
  std::string cluster_id;
  std::int64_t revision = 0;
  ClusterView view() const { return build_view(keys, cluster_id, revision); }
};

Task<std::variant<Picture, Fault>> read_picture(Etcd3Client& client, const Etcd3Keys& keys, Instant deadline);

class Etcd3Watch {
 public:
  Etcd3Watch(Executor executor, Clock& clock, Etcd3Client& client, Etcd3Keys& keys, Logger log)
      : clock_(clock), client_(client), keys_(keys), log_(std::move(log)), scope_(std::move(executor)) {}

  void start(StoreListener& listener);
  Task<void> stop() { return scope_.stop(); }

 private:
  Task<void> run();
  // Reads the picture and follows it until something breaks; why.
  Task<Error> follow();
  Task<std::optional<Error>> consume(Etcd3Client::Stream& stream);
  Task<std::optional<Error>> check();
  std::optional<Error> take(std::string_view bytes);
  std::optional<Error> apply(const WatchMessage& message);
  void publish();

  Clock& clock_;
  Etcd3Client& client_;
  Etcd3Keys& keys_;
  Logger log_;
  StoreListener* listener_ = nullptr;
  Picture picture_;
  std::string partial_;         // of a document that has not arrived completely
  std::uint64_t messages_ = 0;  // counts what arrived, to see progress
  bool published_ = false;      // in this run of follow()
  TaskScope scope_;
};

}  // namespace tamada::etcd3
