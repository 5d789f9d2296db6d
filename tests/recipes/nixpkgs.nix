# What default.nix needs of nixpkgs: the derivation becomes a shell script that does what stdenv's builder does.
{ recipe }:

let
  stdenv.mkDerivation = given:
    let
      arguments = if builtins.isFunction given then given arguments else given;
      flags = toString arguments.makeFlags;
    in
      assert arguments.pname == "sockutil" && arguments.doCheck;
      # All of meta must have a value.
      builtins.deepSeq arguments.meta ''
        echo '${arguments.src.sha256}  ${arguments.src.url}' | sed 's|file://||' | sha256sum --quiet -c
        tar -xzf "$(echo ${arguments.src.url} | sed 's|file://||')"
        cd sockutil-${arguments.version}
        ${arguments.preBuild}
        make '${flags}'
        make '${flags}' ${arguments.checkTarget}
        make '${flags}' install
      '';
  nixpkgs = {
    inherit stdenv;
    lib = { licenses = { mit = "MIT"; asl20 = "Apache-2.0"; }; platforms.unix = [ "unix" ]; };
    fetchurl = arguments: arguments;
    cargo = "cargo";
    rustc = "rustc";
  };
  function = import recipe;
in
  function (builtins.intersectAttrs (builtins.functionArgs function) nixpkgs)
