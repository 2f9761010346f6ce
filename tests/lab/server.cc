#include "tests/lab/server.h"

#include <thread>
#include <vector>

#include "tests/lab/server_loop.h"

namespace hark::lab {

Server::Server(const Internet& internet, Listeners listeners, const ServerOptions& options,
               const Clock& clock)
    : internet_(internet), listeners_(std::move(listeners)), options_(options), clock_(clock) {}

Status Server::Run(int stop_fd) {
  const auto serve = [&](Status* status) {
    *status = ServerLoop(internet_, listeners_, options_, clock_).Run(stop_fd);
  };
  std::vector<Status> ends(options_.threads);
  std::vector<std::thread> others;
  for (size_t i = 1; i < ends.size(); ++i) others.emplace_back(serve, &ends[i]);
  serve(ends.data());
  for (std::thread& thread : others) thread.join();
  for (const Status& status : ends) HARK_RETURN_IF_ERROR(status);
  return Status::Ok();
}

}  // namespace hark::lab
