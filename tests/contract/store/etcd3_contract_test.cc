// The suite of every store, on a real etcd.
#include <map>

#include "contract/store_contract.h"
#include "support/etcd_cluster.h"
#include "support/real_store.h"
#include "support/run_task.h"

namespace tamada {
namespace {

using testing::EtcdCluster;
using testing::RealEtcdStore;

EtcdCluster& shared_cluster() {
  static EtcdCluster cluster;
  return cluster;
}

class Etcd3UnderTest final : public StoreUnderTest {
 public:
  Etcd3UnderTest() {
    static int clusters = 0;
    prefix_ = "/service/contract" + std::to_string(++clusters) + "/";
  }

  Store& store(const std::string& member) override {
    auto& made = stores_[member];
    if (!made) {
      const std::string name = member.substr(0, member.find('#'));
      made = std::make_unique<RealEtcdStore>(io_.get_executor(),
                                             testing::etcd_config(shared_cluster().hosts(), prefix_, name));
    }
    return made->store;
  }
  Clock& clock() override { return clock_; }
  Executor executor() override { return io_.get_executor(); }
  void run(Task<void> body) override { testing::run_task(io_, std::move(body)); }

 private:
  boost::asio::io_context io_;
  SystemClock clock_;
  std::string prefix_;
  std::map<std::string, std::unique_ptr<RealEtcdStore>> stores_;
};

std::unique_ptr<StoreUnderTest> make_etcd3() {
  return testing::have_etcd() ? std::make_unique<Etcd3UnderTest>() : nullptr;
}

INSTANTIATE_TEST_SUITE_P(Etcd3, StoreContract, ::testing::Values(StoreContractParam{"etcd3", make_etcd3}),
                         contract_name);

}  // namespace
}  // namespace tamada
