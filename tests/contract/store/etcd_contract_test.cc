// The suite of every store, on a real etcd: its v3 API and its v2 API.
#include <map>

#include "contract/store_contract.h"
#include "support/etcd_cluster.h"
#include "support/real_store.h"
#include "support/run_task.h"

namespace tamada {
namespace {

using testing::EtcdCluster;

EtcdCluster& shared_cluster() {
  static EtcdCluster cluster;
  return cluster;
}

template <class EtcdStore>
class EtcdUnderTest final : public StoreUnderTest {
 public:
  EtcdUnderTest() {
    static int clusters = 0;
    prefix_ = "/service/contract" + std::to_string(++clusters) + "/";
  }

  Store& store(const std::string& member) override {
    auto& made = stores_[member];
    if (!made) {
      const std::string name = member.substr(0, member.find('#'));
      made = std::make_unique<testing::RealStore<EtcdStore>>(
          io_.get_executor(), testing::etcd_config(shared_cluster().hosts(), prefix_, name));
    }
    return made->store;
  }
  Clock& clock() override { return clock_; }
  Executor executor() override { return io_.get_executor(); }
  void run(Task<void> body) override { testing::run_task(io_, std::move(body)); }
  bool has_sessions() const override { return std::is_same_v<EtcdStore, Etcd3Store>; }

 private:
  boost::asio::io_context io_;
  SystemClock clock_;
  std::string prefix_;
  std::map<std::string, std::unique_ptr<testing::RealStore<EtcdStore>>> stores_;
};

template <class EtcdStore>
std::unique_ptr<StoreUnderTest> make() {
  return testing::have_etcd() ? std::make_unique<EtcdUnderTest<EtcdStore>>() : nullptr;
}

INSTANTIATE_TEST_SUITE_P(Etcd, StoreContract,
                         ::testing::Values(StoreContractParam{"etcd3", make<Etcd3Store>},
                                           StoreContractParam{"etcd2", make<Etcd2Store>}),
                         contract_name);

}  // namespace
}  // namespace tamada
