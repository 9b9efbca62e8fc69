#include "store/catalogue/store_catalogue.h"

#include <algorithm>

#include "base/text.h"
#include "model/settings_schema.h"
#include "store/etcd2/etcd2_open.h"
#include "store/etcd3/etcd3_open.h"

namespace tamada {

namespace {

struct StoreRow {
  std::string_view section;
  OpenedStore (*open)(const StoreContext&, const Settings&);
};

// As served_stores() of model/settings_schema.h has them; the test compares.
constexpr StoreRow kRows[] = {
    {"etcd", open_etcd2},
    {"etcd3", open_etcd3},
};

}  // namespace

Result<OpenedStore> open_store(const StoreContext& context, const Settings& settings) {
  if (settings.store.empty()) {
    return Error(ErrorCode::Invalid,
                 "Can not find suitable configuration of distributed configuration store\n"
                 "Available implementations: " +
                     served_stores_text());
  }
  const auto* row = std::ranges::find(kRows, std::string_view(settings.store), &StoreRow::section);
  if (row != std::end(kRows)) return row->open(context, settings);
  return Error(ErrorCode::Unsupported, "the store " + settings.store + " is not served by this version",
               "use one of " + served_stores_text());
}

}  // namespace tamada
