# formula.rb FORMULA TARBALL FOLDER - installs a Homebrew formula out of TARBALL into FOLDER/prefix, and runs its test.
# Formula has only what ours uses.
require 'digest'
require 'fileutils'
require 'pathname'

class Formula
  class << self
    attr_reader :given, :tested

    %i[desc homepage url sha256 license depends_on].each do |name|
      define_method(name) { |value| (@given ||= {})[name] = value }
    end

    def test(&block)
      @tested = block
    end
  end

  attr_reader :prefix, :testpath

  def initialize(folder)
    @prefix = folder / 'prefix'
    @testpath = folder / 'test'
  end

  def lib = prefix / 'lib'
  def include = prefix / 'include'
  def man = prefix / 'share/man'

  def system(*command)
    Kernel.system(*command) || abort("formula.rb: failed: #{command.join(' ')}")
  end

  def shell_output(command)
    IO.popen(command, &:read).tap { abort "formula.rb: failed: #{command}" unless $?.success? }
  end

  def assert_equal(expected, actual)
    abort "formula.rb: #{actual.inspect}, not #{expected.inspect}" unless expected == actual
  end
end

def ENV.cc = 'cc'

formula, tarball, folder = ARGV.map { |name| Pathname(name).expand_path }
load formula.to_s
%i[desc homepage url sha256 license depends_on].each do |name|
  abort "formula.rb: no #{name}" unless Sockutil.given[name]
end
abort 'formula.rb: the checksum is wrong' unless Digest::SHA256.file(tarball).hexdigest == Sockutil.given[:sha256]

made = Sockutil.new(folder)
FileUtils.mkdir_p([folder / 'source', made.testpath])
made.system('tar', '-xzf', tarball.to_s, '-C', (folder / 'source').to_s, '--strip-components=1')
Dir.chdir(folder / 'source') { made.install }
Dir.chdir(made.testpath) { made.instance_eval(&Sockutil.tested) }
