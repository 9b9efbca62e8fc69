// The picture of the cluster's keys, kept current by waiting for one change after the other, each from the index after
// the one before. Starts over when a change is forgotten by etcd, or when a read through a quorum, made whenever
// nothing came for a while, shows that something is missing.
#pragma once

#include "base/async.h"
#include "base/log.h"
#include "ports/store.h"
#include "store/etcd2/etcd2_keys.h"

namespace tamada::etcd2 {

class Etcd2Watch {
 public:
  Etcd2Watch(Executor executor, Clock& clock, Etcd2Client& client, Etcd2Keys& keys, Logger log)
      : clock_(clock), client_(client), keys_(keys), log_(std::move(log)), scope_(std::move(executor)) {}

  void start(StoreListener& listener);
  Task<void> stop() { return scope_.stop(); }

 private:
  Task<void> run();
  // Reads the picture and follows it until something breaks; why.
  Task<Error> follow();
  // nullopt: what we have is what is stored.
  Task<std::optional<Error>> check();
  void apply(const Answer& change);
  void publish();

  Clock& clock_;
  Etcd2Client& client_;
  Etcd2Keys& keys_;
  Logger log_;
  StoreListener* listener_ = nullptr;
  Picture picture_;
  std::int64_t next_ = 0;   // index from which on changes are missing
  bool published_ = false;  // in this run of follow()
  TaskScope scope_;
};

}  // namespace tamada::etcd2
