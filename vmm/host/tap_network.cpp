// SPDX-License-Identifier: GPL-2.0-or-later
// A tap interface as a guest's network.
#include <memory>
#include <utility>
#include <vector>

#include "vmm/host/network.hpp"
#include "vmm/host/tap_backend.hpp"
#include "vmm/host/tap_interface.hpp"
#include "vmm/text.hpp"

namespace lkvm::vmm {

namespace {

/// An MTU that drivers need not be told about.
constexpr std::uint16_t usual_mtu = 1500;

class TapNetwork final : public Network {
public:
    TapNetwork(TapInterface tap, const NetworkRequest& request)
        : name_(tap.name)
        , log_(request.log)
        , log_name_(request.log_name) {
        const NetOptions& options = request.options;
        properties_.mac =
            options.mac.value_or(default_mac(NetworkKind::shared_network, request.index));
        properties_.mtu = options.mtu;
        if (options.mtu == 0 && tap.mtu != usual_mtu) properties_.mtu = tap.mtu;
        properties_.to_host = tap.offloads;
        properties_.to_guest = tap.offloads;
        for (std::size_t i = 0; i < tap.queues.size(); ++i) {
            pairs_.push_back(std::make_unique<TapBackend>(std::move(tap.queues[i]), tap.headers,
                                                          *request.loops[i], [this] { lost(); }));
        }
        set_queue_pairs(1);
    }

    [[nodiscard]] NetProperties properties() const override { return properties_; }
    [[nodiscard]] NetBackend& pair(std::size_t index) override { return *pairs_[index]; }
    [[nodiscard]] std::string description() const override { return text("tap interface ", name_); }
    void report_to(NetworkEvents& events) override { events_ = &events; }

    void set_guest_offloads(NetOffloads offloads) override {
        pairs_.front()->set_offloads(offloads);
    }
    void set_queue_pairs(unsigned pairs) override {
        if (pairs_.size() == 1) return;
        for (std::size_t i = 0; i < pairs_.size(); ++i) pairs_[i]->set_attached(i < pairs);
    }

private:
    void lost() {
        log_.line(LogLevel::warn, log_name_, "the tap interface is gone, link down", 0);
        if (events_ != nullptr) events_->link_changed(false);
    }

    const std::string name_;
    Log& log_;
    const std::string log_name_;
    NetProperties properties_;
    NetworkEvents* events_ = nullptr;
    std::vector<std::unique_ptr<TapBackend>> pairs_;
};

}  // namespace

Outcome<std::unique_ptr<Network>> make_tap_network(const NetworkRequest& request) {
    TapInterface tap = LKVM_CHECK(open_tap(request.options));
    return std::unique_ptr<Network>(std::make_unique<TapNetwork>(std::move(tap), request));
}

}  // namespace lkvm::vmm
