// A program of somebody who embeds envpack; both consumer projects build it.
#include "envpack/packaging/specifier_set.hpp"
#include "envpack/packaging/version.hpp"
#include "envpack/pipeline/freeze.hpp"

#include <iostream>

int main(int argc, char** argv) {
    const auto version = envpack::packaging::Version::parse("2.3.0a0+6ddf5cf85e.nv24.04");
    const auto wanted = envpack::packaging::SpecifierSet::parse(">=2.3");
    if (!version || !wanted) {
        return 70;
    }
    std::cout << version->to_string() << ' ' << std::boolalpha << wanted->contains(*version, true)
              << '\n';
    if (argc > 1) {
        const auto inventory = envpack::pipeline::freeze({.source = argv[1]});
        if (!inventory) {
            std::cerr << inventory.error().render() << '\n';
            return 3;
        }
        std::cout << inventory->packages.size() << '\n';
    }
    return 0;
}
