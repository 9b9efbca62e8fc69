// What every Store must do (ports/store.h, safety.md 1), as one suite: it runs over each real store and over the
// simulator's, so that the fake stays honest. Include it in one translation unit of a test and instantiate:
//
//   INSTANTIATE_TEST_SUITE_P(Etcd3, StoreContract, ::testing::Values(StoreContractParam{"etcd3", make_it}),
//   contract_name);
#pragma once

#include "contract/store_contract_keys.h"
#include "contract/store_contract_lock.h"
#include "contract/store_contract_watch.h"

namespace tamada {

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(StoreContract);

}  // namespace tamada
