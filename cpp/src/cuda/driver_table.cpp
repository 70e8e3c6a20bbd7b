#include "envpack/cuda/driver_table.hpp"

#include "fact_rows.hpp"
#include "fact_tables.hpp"

#include <algorithm>

namespace envpack::cuda {
namespace {

/// Minor-version compatibility begins with CUDA 11: before, a driver has a CUDA or has it not.
constexpr unsigned first_compatible_major = 11;

Result<std::vector<DriverTable::Floor>> read_floors(const json::Value& table, std::string_view key,
                                                    std::string_view cuda) {
    ENVPACK_TRY(const json::Array* rows, json::array_at(table, key));
    std::vector<DriverTable::Floor> floors;
    for (const json::Value& row : *rows) {
        DriverTable::Floor floor;
        ENVPACK_TRY(floor.cuda, parsed_at<CudaVersion>(row, cuda));
        ENVPACK_TRY(floor.driver, parsed_at<DriverVersion>(row, "driver"));
        floors.push_back(floor);
    }
    return floors;
}

Result<std::vector<DriverTable::Branch>> read_branches(const json::Value& table) {
    ENVPACK_TRY(const json::Array* rows, json::array_at(table, "branches"));
    std::vector<DriverTable::Branch> branches;
    for (const json::Value& row : *rows) {
        DriverTable::Branch branch{.is_verified = is_verified(row, "max_cuda")};
        ENVPACK_TRY(const std::int64_t number, json::integer_at(row, "branch"));
        branch.driver.branch = static_cast<unsigned>(number);
        ENVPACK_TRY(branch.cuda, parsed_at<CudaVersion>(row, "max_cuda"));
        branches.push_back(branch);
    }
    return branches;
}

/// The last of `rows`, ascending, for which `holds` is true; nullptr when there is none.
template <class T, class Holds>
const T* last_where(const std::vector<T>& rows, Holds holds) {
    const auto found = std::find_if(rows.rbegin(), rows.rend(), holds);
    return found == rows.rend() ? nullptr : &*found;
}

}  // namespace

Result<DriverTable> DriverTable::load() {
    const auto read = []() -> Result<DriverTable> {
        ENVPACK_TRY(const json::Value document, json::parse(cuda_driver_json));
        DriverTable table;
        ENVPACK_TRY(table.branches_, read_branches(document));
        ENVPACK_TRY(table.floors_, read_floors(document, "floors", "first_cuda"));
        ENVPACK_TRY(table.toolkits_, read_floors(document, "toolkits", "cuda"));
        return table;
    };
    ENVPACK_TRY(DriverTable table, compiled_in(read(), "cuda_driver"));
    const auto read_isas = [&]() -> Result<std::vector<Isa>> {
        ENVPACK_TRY(const json::Value isas, json::parse(ptx_isa_json));
        ENVPACK_TRY(const json::Array* rows, json::array_at(isas, "isas"));
        std::vector<Isa> found;
        for (const json::Value& row : *rows) {
            Isa isa;
            ENVPACK_TRY(isa.isa, parsed_at<CudaVersion>(row, "ptx"));
            ENVPACK_TRY(isa.cuda, parsed_at<CudaVersion>(row, "cuda"));
            found.push_back(isa);
        }
        return found;
    };
    ENVPACK_TRY(table.isas_, compiled_in(read_isas(), "ptx_isa"));
    return table;
}

const DriverTable::Branch* DriverTable::branch_of(const DriverVersion& driver) const {
    return last_where(branches_,
                      [&](const Branch& branch) { return driver.reaches(branch.driver); });
}

std::optional<CudaVersion> DriverTable::reach(const DriverVersion& driver) const {
    const Branch* branch = branch_of(driver);
    return branch == nullptr ? std::nullopt : std::optional(branch->cuda);
}

std::optional<DriverVersion> DriverTable::floor(const CudaVersion& cuda) const {
    const CudaVersion wanted = cuda.minor_version();
    const Floor* found = last_where(toolkits_, [&](const Floor& f) { return f.cuda == wanted; });
    if (found == nullptr) {
        found = last_where(floors_, [&](const Floor& f) {
            return f.cuda.major == wanted.major && f.cuda <= wanted;
        });
    }
    return found == nullptr ? std::nullopt : std::optional(found->driver);
}

std::optional<DriverVersion> DriverTable::full_driver(const CudaVersion& cuda) const {
    const auto found = std::find_if(branches_.begin(), branches_.end(), [&](const Branch& branch) {
        return branch.cuda >= cuda.minor_version();
    });
    return found == branches_.end() ? std::nullopt : std::optional(found->driver);
}

CudaVersion DriverTable::ptx_needs(const CudaVersion& cuda) const {
    const CudaVersion wanted = cuda.minor_version();
    const Isa* isa = last_where(isas_, [&](const Isa& one) { return one.cuda <= wanted; });
    return isa == nullptr ? wanted : isa->cuda;
}

std::optional<CudaVersion> DriverTable::isa_cuda(unsigned isa_major, unsigned isa_minor) const {
    const CudaVersion wanted{.major = isa_major, .minor = isa_minor};
    const Isa* isa = last_where(isas_, [&](const Isa& one) { return one.isa == wanted; });
    return isa == nullptr ? std::nullopt : std::optional(isa->cuda);
}

DriverAnswer DriverTable::answer(const DriverVersion& driver, const CudaVersion& cuda) const {
    using Kind = DriverAnswer::Kind;
    const Branch* branch = branch_of(driver);
    const bool has_all = branch != nullptr && branch->cuda >= cuda.minor_version();
    const std::optional<DriverVersion> least = floor(cuda);
    if (least ? !driver.reaches(*least) : !has_all) {
        return {.kind = Kind::no, .needs = least};
    }
    if (has_all || cuda.major < first_compatible_major) {
        return {.kind = Kind::yes, .is_verified = branch == nullptr || branch->is_verified};
    }
    return {.kind = Kind::reduced,
            .needs = full_driver(cuda),
            .is_verified = branch == nullptr || branch->is_verified};
}

}  // namespace envpack::cuda
