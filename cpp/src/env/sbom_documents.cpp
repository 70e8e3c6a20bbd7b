#include "sbom_documents.hpp"

#include <algorithm>
#include <utility>

namespace envpack::env {

Result<std::vector<std::string>> sbom_documents(const archive::FileTree& tree,
                                                const SafePath& dist_info) {
    std::vector<std::string> documents;
    ENVPACK_TRY(auto first, archive::resolve(tree, dist_info / "sboms"));
    std::vector<SafePath> pending;
    if (first) {
        pending.push_back(*std::move(first));
    }
    while (!pending.empty() && documents.size() <= max_sbom_documents) {
        const SafePath at = std::move(pending.back());
        pending.pop_back();
        ENVPACK_TRY(const auto info, tree.lookup(at));  // links below are not followed
        if (info && info->type == archive::FileType::regular) {
            documents.push_back(at.str());
        }
        if (!info || info->type != archive::FileType::directory) {
            continue;
        }
        ENVPACK_TRY(const std::vector<std::string> names, tree.list(at));
        // Backwards, so that the first name is taken first, also where not all are.
        for (auto name = names.rbegin(); name != names.rend(); ++name) {
            pending.push_back(at / *name);
        }
    }
    std::sort(documents.begin(), documents.end());
    return documents;
}

}  // namespace envpack::env
