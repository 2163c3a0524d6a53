/* Made by `npm run types`; do not edit. */

export type paths = Record<string, never>;
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * AddedUser
         * @description Somebody who was added.
         */
        AddedUser: {
            /** Name */
            name: string;
            /** Role */
            role: string;
            /**
             * Owner
             * @description Under what their jobs, files and workflows are kept: the name, and a number where somebody else had it before.
             */
            owner: string;
            /**
             * Token
             * @description Told only now; the server keeps a hash.
             */
            token: string;
        };
        /**
         * Artifact
         * @description A file that a job has written.
         */
        Artifact: {
            /** Id */
            id: number;
            /**
             * Node
             * @description Id of the node that wrote it.
             */
            node: string;
            /**
             * File
             * @description Name below the output folder.
             */
            file: string;
            /** Media Type */
            media_type: string;
            /** Bytes */
            bytes: number;
            /**
             * Kind
             * @description `temp` for previews.
             * @enum {string}
             */
            kind: "output" | "temp";
            /**
             * Created
             * Format: date-time
             */
            created: string;
        };
        /**
         * ArtifactWritten
         * @description A job has finished a file.
         */
        ArtifactWritten: {
            /**
             * Type
             * @default artifact
             * @constant
             */
            type?: "artifact";
            /** Id */
            id: number;
            /** Job */
            job: string;
            artifact: components["schemas"]["Artifact"];
        };
        /**
         * Batch
         * @description Workflows to run, all of them or none.
         */
        Batch: {
            /** Jobs */
            jobs: components["schemas"]["Submission"][];
        };
        /**
         * CacheStats
         * @description What is remembered.
         */
        CacheStats: {
            /**
             * Memory
             * @description Of the worker that answered.
             */
            memory: {
                [key: string]: number;
            };
            /**
             * Disk
             * @description None when nothing is kept on disk.
             * @default null
             */
            disk?: {
                [key: string]: number;
            } | null;
        };
        /**
         * CheckRequest
         * @description A workflow to look at.
         */
        CheckRequest: {
            /**
             * Document
             * @description A weft document, or a workflow in ComfyUI's API format.
             */
            document: {
                [key: string]: unknown;
            };
            /**
             * Lock
             * @description What it was made with, as a bundle or a picture has it.
             * @default null
             */
            lock?: {
                [key: string]: unknown;
            } | null;
        };
        /**
         * Cleared
         * @description What was cancelled.
         */
        Cleared: {
            /** Cancelled */
            cancelled: number;
        };
        /**
         * ComfyRequest
         * @description A workflow to write for ComfyUI.
         */
        ComfyRequest: {
            /**
             * Document
             * @description A weft document.
             */
            document: {
                [key: string]: unknown;
            };
        };
        /**
         * ComfyWorkflow
         * @description A workflow in ComfyUI's API format.
         */
        ComfyWorkflow: {
            /** Prompt */
            prompt: {
                [key: string]: unknown;
            };
            /**
             * Obstacles
             * @description Why ComfyUI itself would not run it, or not the same way; empty if it would.
             */
            obstacles: string[];
        };
        /**
         * DeviceHeld
         * @description The memory of one device, in bytes.
         */
        DeviceHeld: {
            /** Name */
            name: string;
            /**
             * Held
             * @description By weights.
             */
            held: number;
            /**
             * Budget
             * @description Most that weights may take.
             */
            budget: number;
            /** Free */
            free: number;
            /** Total */
            total: number;
        };
        /**
         * Diff
         * @description What two revisions differ in.
         */
        Diff: {
            /** Before */
            before: number;
            /** After */
            after: number;
            /** Changes */
            changes: components["schemas"]["DiffChange"][];
        };
        /**
         * DiffChange
         * @description One difference; see `weft.engine.graph.diff`.
         */
        DiffChange: {
            /** Kind */
            kind: string;
            /**
             * Node
             * @default null
             */
            node?: string | null;
            /**
             * Port
             * @default null
             */
            port?: string | null;
            /**
             * Before
             * @default null
             */
            before?: unknown;
            /**
             * After
             * @default null
             */
            after?: unknown;
        };
        /**
         * ErrorModel
         * @description The body of every answer with a status of 400 and above.
         */
        ErrorModel: {
            error: components["schemas"]["ProblemModel"];
            /**
             * Problems
             * @description Every finding, where there can be several.
             */
            problems?: components["schemas"]["ProblemModel"][];
        };
        /**
         * ExplainRequest
         * @description A workflow that could be run.
         */
        ExplainRequest: {
            /** Workflow */
            workflow: {
                [key: string]: unknown;
            };
            /** Set */
            set?: {
                [key: string]: unknown;
            };
            /**
             * Outputs
             * @default null
             */
            outputs?: string[] | null;
            /**
             * Scope
             * @description As of a job.
             * @default null
             */
            scope?: string | null;
        };
        /**
         * Explained
         * @description What a run would do with a node, and why.
         */
        Explained: {
            /** Node */
            node: string;
            /** Type */
            type: string;
            /**
             * State
             * @enum {string}
             */
            state: "hit" | "trivial" | "runs" | "depends" | "always";
            /** Why */
            why: string[];
        };
        /**
         * Explanation
         * @description What a run would do.
         */
        Explanation: {
            /** Nodes */
            nodes: components["schemas"]["Explained"][];
        };
        /**
         * FileCheckModel
         * @description One file that a workflow needs.
         */
        FileCheckModel: {
            /**
             * What
             * @enum {string}
             */
            what: "model" | "input";
            /**
             * Folder
             * @description Kind of model; none for an input.
             * @default null
             */
            folder?: string | null;
            /**
             * Name
             * @description As the workflow names it.
             */
            name: string;
            /**
             * State
             * @description `here`; `other name`: the same content under the name `found`; `bundled`: it came along; `other content`: a file of that name which is not the one; `missing`.
             * @enum {string}
             */
            state: "here" | "other name" | "bundled" | "other content" | "missing";
            /**
             * Ready
             * @description Whether the very file is at hand.
             */
            ready: boolean;
            /**
             * Found
             * @description Name of the file that would be used.
             * @default null
             */
            found?: string | null;
            /**
             * Sha256
             * @default null
             */
            sha256?: string | null;
            /**
             * Autov2
             * @description First ten digits, as model sites show them.
             * @default null
             */
            autov2?: string | null;
            /**
             * Size
             * @description In bytes.
             * @default null
             */
            size?: number | null;
            /**
             * Holds
             * @description What it is: checkpoint, lora, ...
             * @default null
             */
            holds?: string | null;
            /**
             * Family
             * @default null
             */
            family?: string | null;
            /**
             * Candidates
             * @description Names here that are near: those of the same base name first. Never used unless somebody chooses one.
             */
            candidates: string[];
            /**
             * Sources
             * @description Where the author had it from.
             */
            sources: string[];
            /**
             * Advice
             * @description How to get it; none if it is ready.
             * @default null
             */
            advice?: string | null;
        };
        /**
         * FileKinds
         * @description The kinds of files there are.
         */
        FileKinds: {
            /** Kinds */
            kinds: string[];
        };
        /**
         * FileModel
         * @description One file.
         */
        FileModel: {
            /**
             * Kind
             * @enum {string}
             */
            kind: "input" | "output" | "temp";
            /**
             * Name
             * @description Below its folder, with `/`.
             */
            name: string;
            /** Bytes */
            bytes: number;
            /**
             * Modified
             * Format: date-time
             */
            modified: string;
            /** Media Type */
            media_type: string;
            /**
             * Picture
             * @description Whether there are thumbnails of it.
             */
            picture: boolean;
        };
        /**
         * FilePage
         * @description Some files.
         */
        FilePage: {
            /** Files */
            files: components["schemas"]["FileModel"][];
            /**
             * Total
             * @description Files of this kind in all, whatever was searched for.
             */
            total: number;
            /**
             * Next
             * @description `after` of the next page; none at the end.
             * @default null
             */
            next?: string | null;
        };
        /**
         * Fork
         * @description A copy of one's own.
         */
        Fork: {
            /**
             * Name
             * @description None for the name it has.
             * @default null
             */
            name?: string | null;
            /**
             * Revision
             * @description None for the latest.
             * @default null
             */
            revision?: number | null;
        };
        /**
         * Freed
         * @description What was let go of.
         */
        Freed: {
            /**
             * Freed
             * @description Bytes.
             */
            freed: number;
        };
        /**
         * Health
         * @description Whether the server can do its work.
         */
        Health: {
            /**
             * Status
             * @enum {string}
             */
            status: "ok" | "degraded";
            /**
             * Workers
             * @description Workers that are ready.
             */
            workers: number;
            /**
             * Trouble
             * @description What keeps it from working, in words.
             */
            trouble: string[];
        };
        /**
         * Job
         * @description A job, as lists and events have it.
         */
        Job: {
            /** Id */
            id: string;
            /** Owner */
            owner: string;
            /**
             * Title
             * @default null
             */
            title?: string | null;
            /**
             * State
             * @enum {string}
             */
            state: "queued" | "running" | "done" | "failed" | "cancelled" | "lost";
            /**
             * Reason
             * @description Why it is in this state, in words.
             * @default null
             */
            reason?: string | null;
            /** Priority */
            priority: number;
            /**
             * Position
             * @description Place in the queue, from 0.
             * @default null
             */
            position?: number | null;
            /**
             * Created
             * Format: date-time
             */
            created: string;
            /**
             * Started
             * @default null
             */
            started?: string | null;
            /**
             * Finished
             * @default null
             */
            finished?: string | null;
            /**
             * Attempt
             * @description How often it was started.
             */
            attempt: number;
            /**
             * Nodes
             * @description Nodes that the workflow has.
             */
            nodes: number;
            /**
             * Ran
             * @description Nodes called.
             * @default null
             */
            ran?: number | null;
            /**
             * Cached
             * @description Nodes answered from the cache.
             * @default null
             */
            cached?: number | null;
            /**
             * Seconds
             * @description Wall time of the last attempt.
             * @default null
             */
            seconds?: number | null;
            /** @default null */
            error?: components["schemas"]["ProblemModel"] | null;
        };
        /**
         * JobChanged
         * @description A job was accepted, moved, started, or ended.
         */
        JobChanged: {
            /**
             * Type
             * @default job
             * @constant
             */
            type?: "job";
            /** Id */
            id: number;
            job: components["schemas"]["Job"];
        };
        /**
         * JobDeleted
         * @description A job and its history are gone.
         */
        JobDeleted: {
            /**
             * Type
             * @default deleted
             * @constant
             */
            type?: "deleted";
            /** Id */
            id: number;
            /** Job */
            job: string;
        };
        /**
         * JobDetail
         * @description A job with all that is known of it.
         */
        JobDetail: {
            /** Id */
            id: string;
            /** Owner */
            owner: string;
            /**
             * Title
             * @default null
             */
            title?: string | null;
            /**
             * State
             * @enum {string}
             */
            state: "queued" | "running" | "done" | "failed" | "cancelled" | "lost";
            /**
             * Reason
             * @description Why it is in this state, in words.
             * @default null
             */
            reason?: string | null;
            /** Priority */
            priority: number;
            /**
             * Position
             * @description Place in the queue, from 0.
             * @default null
             */
            position?: number | null;
            /**
             * Created
             * Format: date-time
             */
            created: string;
            /**
             * Started
             * @default null
             */
            started?: string | null;
            /**
             * Finished
             * @default null
             */
            finished?: string | null;
            /**
             * Attempt
             * @description How often it was started.
             */
            attempt: number;
            /**
             * Nodes
             * @description Nodes that the workflow has.
             */
            nodes: number;
            /**
             * Ran
             * @description Nodes called.
             * @default null
             */
            ran?: number | null;
            /**
             * Cached
             * @description Nodes answered from the cache.
             * @default null
             */
            cached?: number | null;
            /**
             * Seconds
             * @description Wall time of the last attempt.
             * @default null
             */
            seconds?: number | null;
            /** @default null */
            error?: components["schemas"]["ProblemModel"] | null;
            /**
             * Seeds
             * @description Every seed, `node.parameter` -> value.
             */
            seeds: {
                [key: string]: number;
            };
            /**
             * Set
             * @description The values that were put over the document's.
             */
            set: {
                [key: string]: unknown;
            };
            /**
             * Accepts
             * @description What it may do; none if anything.
             * @default null
             */
            accepts?: string[] | null;
            /** Node States */
            node_states: {
                [key: string]: components["schemas"]["NodeReport"];
            };
            /** Progress */
            progress: components["schemas"]["Progress"][];
            /** Artifacts */
            artifacts: components["schemas"]["Artifact"][];
            /**
             * Results
             * @description Outputs that are numbers or texts, by name.
             */
            results: {
                [key: string]: unknown;
            };
            /**
             * Problems
             * @description Every failed node.
             */
            problems: components["schemas"]["ProblemModel"][];
        };
        /**
         * JobPage
         * @description Some jobs, newest first.
         */
        JobPage: {
            /** Jobs */
            jobs: components["schemas"]["Job"][];
            /**
             * Next
             * @description `before` of the next page; none at the end.
             * @default null
             */
            next?: number | null;
        };
        /**
         * Jobs
         * @description The jobs of a batch, in its order.
         */
        Jobs: {
            /** Jobs */
            jobs: components["schemas"]["Job"][];
        };
        /**
         * Languages
         * @description The languages that node types are translated into.
         */
        Languages: {
            /**
             * Languages
             * @description Besides English, such as `zh`.
             */
            languages: string[];
        };
        /**
         * Memory
         * @description Which models are in memory.
         */
        Memory: {
            /** Workers */
            workers: components["schemas"]["WorkerMemory"][];
        };
        /**
         * ModelDetail
         * @description All that is known of a model.
         */
        ModelDetail: {
            /** Name */
            name: string;
            /**
             * Bytes
             * @description 0 for a model that is a folder.
             */
            bytes: number;
            /**
             * Modified
             * Format: date-time
             */
            modified: string;
            /**
             * Title
             * @description As the file itself says.
             * @default null
             */
            title?: string | null;
            /**
             * Holds
             * @description What its tensors are: checkpoint, lora, ...
             * @default null
             */
            holds?: string | null;
            /**
             * Family
             * @description sd1, sdxl, flux, ...
             * @default null
             */
            family?: string | null;
            /**
             * Precision
             * @description The type of most bytes, such as F16.
             * @default null
             */
            precision?: string | null;
            /**
             * Sha256
             * @description Once it was hashed in the background.
             * @default null
             */
            sha256?: string | null;
            /**
             * Autov2
             * @description First ten digits of `sha256`.
             * @default null
             */
            autov2?: string | null;
            /**
             * Autov3
             * @description Hash of the tensors without the header.
             * @default null
             */
            autov3?: string | null;
            /**
             * Trouble
             * @description Why it cannot be read, in words.
             * @default null
             */
            trouble?: string | null;
            /**
             * Preview
             * @description Whether there is a picture of it.
             */
            preview: boolean;
            /** Kind */
            kind: string;
            /**
             * Tensors
             * @default null
             */
            tensors?: number | null;
            /**
             * Metadata
             * @description What its header says, very long texts left out.
             */
            metadata: {
                [key: string]: string;
            };
        };
        /**
         * ModelHeld
         * @description One network in memory.
         */
        ModelHeld: {
            /**
             * Name
             * @description The file that it comes from, and what changes it.
             */
            name: string;
            /**
             * Kind
             * @description unet, vae, text_encoder, ...
             */
            kind: string;
            /** Device */
            device: string;
            /**
             * Nbytes
             * @description Of tensors that no other network counts.
             */
            nbytes: number;
            /**
             * Resident
             * @description How many of them lie on the device that it runs on.
             */
            resident: number;
            /**
             * State
             * @description streamed: what is not resident visits block by block; parked: in host memory.
             * @enum {string}
             */
            state: "loaded" | "streamed" | "parked";
            /** In Use */
            in_use: boolean;
        };
        /**
         * ModelKind
         * @description One kind of model, as `ModelFile` inputs of nodes name it.
         */
        ModelKind: {
            /** Kind */
            kind: string;
            /** Count */
            count: number;
        };
        /**
         * ModelKinds
         * @description Every kind.
         */
        ModelKinds: {
            /** Kinds */
            kinds: components["schemas"]["ModelKind"][];
        };
        /**
         * ModelModel
         * @description One model, by the name that inputs take, and what is known of it so far.
         */
        ModelModel: {
            /** Name */
            name: string;
            /**
             * Bytes
             * @description 0 for a model that is a folder.
             */
            bytes: number;
            /**
             * Modified
             * Format: date-time
             */
            modified: string;
            /**
             * Title
             * @description As the file itself says.
             * @default null
             */
            title?: string | null;
            /**
             * Holds
             * @description What its tensors are: checkpoint, lora, ...
             * @default null
             */
            holds?: string | null;
            /**
             * Family
             * @description sd1, sdxl, flux, ...
             * @default null
             */
            family?: string | null;
            /**
             * Precision
             * @description The type of most bytes, such as F16.
             * @default null
             */
            precision?: string | null;
            /**
             * Sha256
             * @description Once it was hashed in the background.
             * @default null
             */
            sha256?: string | null;
            /**
             * Autov2
             * @description First ten digits of `sha256`.
             * @default null
             */
            autov2?: string | null;
            /**
             * Autov3
             * @description Hash of the tensors without the header.
             * @default null
             */
            autov3?: string | null;
            /**
             * Trouble
             * @description Why it cannot be read, in words.
             * @default null
             */
            trouble?: string | null;
            /**
             * Preview
             * @description Whether there is a picture of it.
             */
            preview: boolean;
        };
        /**
         * ModelPage
         * @description Some models of a kind.
         */
        ModelPage: {
            /** Models */
            models: components["schemas"]["ModelModel"][];
            /**
             * Total
             * @description Models of this kind in all, whatever was searched for.
             */
            total: number;
            /**
             * Next
             * @description `after` of the next page; none at the end.
             * @default null
             */
            next?: string | null;
            /**
             * Complete
             * @description False while the folders were not looked at yet since the server started: what is listed is from before. Ask again.
             */
            complete: boolean;
        };
        /**
         * Move
         * @description Where in the queue a job shall stand.
         */
        Move: {
            /**
             * To
             * @default null
             */
            to?: ("front" | "back") | null;
            /**
             * Before
             * @description Directly before this job.
             * @default null
             */
            before?: string | null;
            /**
             * Priority
             * @default null
             */
            priority?: number | null;
        };
        /**
         * NewRevision
         * @description A save.
         */
        NewRevision: {
            /** Document */
            document: {
                [key: string]: unknown;
            };
            /**
             * Base
             * @description Number of the revision that was edited.
             */
            base: number;
            /**
             * Message
             * @default null
             */
            message?: string | null;
            /**
             * Automatic
             * @description An autosave: replaces autosaves before it, which need not be kept.
             * @default false
             */
            automatic?: boolean;
        };
        /**
         * NewUser
         * @description Somebody to add.
         */
        NewUser: {
            /**
             * Name
             * @description Letters, digits, - and _.
             */
            name: string;
            /**
             * Role
             * @default runner
             * @enum {string}
             */
            role?: "viewer" | "runner" | "editor" | "admin";
            /**
             * Returns
             * @description Whether this is who had the name last, and gets back what is theirs; else whoever is added begins with nothing.
             * @default false
             */
            returns?: boolean;
        };
        /**
         * NewWorkflow
         * @description A workflow to keep.
         */
        NewWorkflow: {
            /** Name */
            name: string;
            /**
             * Description
             * @default
             */
            description?: string;
            /** Tags */
            tags?: string[];
            /**
             * Visibility
             * @default private
             * @enum {string}
             */
            visibility?: "private" | "public";
            /**
             * Document
             * @description A weft document, or one in ComfyUI's API format.
             */
            document: {
                [key: string]: unknown;
            };
            /**
             * Message
             * @default null
             */
            message?: string | null;
        };
        /**
         * NodeCheckModel
         * @description One node type that a workflow needs.
         */
        NodeCheckModel: {
            /** Type */
            type: string;
            /**
             * State
             * @enum {string}
             */
            state: "here" | "other version" | "missing";
            /**
             * Here
             * @description Version here.
             * @default null
             */
            here?: number | null;
            /**
             * Wanted
             * @description Version that the lock names.
             * @default null
             */
            wanted?: number | null;
            /**
             * Migrates
             * @description Whether the version here brings inputs of another one up to date.
             * @default false
             */
            migrates?: boolean;
            /**
             * Pack
             * @description Package that has it, as the lock or the file says.
             * @default null
             */
            pack?: string | null;
        };
        /**
         * NodeReport
         * @description How far a node is.
         */
        NodeReport: {
            /**
             * State
             * @enum {string}
             */
            state: "running" | "done" | "cached" | "failed";
            /**
             * Seconds
             * @description How long its function took.
             * @default null
             */
            seconds?: number | null;
            /**
             * Why
             * @description What changed since it last ran.
             * @default null
             */
            why?: string[] | null;
            /**
             * Bytes
             * @description Memory of its outputs, with what they refer to.
             * @default null
             */
            bytes?: number | null;
            /**
             * @description Why it failed, told at once; the job may still do what needs it not.
             * @default null
             */
            problem?: components["schemas"]["ProblemModel"] | null;
        };
        /**
         * NodesChanged
         * @description Nodes of a job reached another state; those that are not named did not.
         */
        NodesChanged: {
            /**
             * Type
             * @default nodes
             * @constant
             */
            type?: "nodes";
            /** Id */
            id: number;
            /** Job */
            job: string;
            /** Nodes */
            nodes: {
                [key: string]: components["schemas"]["NodeReport"];
            };
        };
        /**
         * Opened
         * @description A bundle or picture that was opened: its inputs lie in the input folder.
         */
        Opened: {
            /**
             * Document
             * @description The workflow with the names that its files have here.
             */
            document: {
                [key: string]: unknown;
            };
            /**
             * Is Bundle
             * @description Whether it carries its inputs and its lock.
             */
            is_bundle: boolean;
            /**
             * Title
             * @default null
             */
            title?: string | null;
            /**
             * Author
             * @default null
             */
            author?: string | null;
            /**
             * License
             * @default null
             */
            license?: string | null;
            /**
             * Inputs
             * @description Names of the input files that came along.
             */
            inputs: string[];
            /** Has Picture */
            has_picture: boolean;
            /**
             * Lock
             * @default null
             */
            lock?: {
                [key: string]: unknown;
            } | null;
            /**
             * Remarks
             * @description What was changed in reading it: inputs brought up to date, or what a document cannot say of a ComfyUI file. A sentence each.
             */
            remarks?: string[];
            report: components["schemas"]["ShareReport"];
            /** Placed */
            placed: components["schemas"]["PlacedInput"][];
        };
        /**
         * PackFaultModel
         * @description Why nodes of packs are not there.
         */
        PackFaultModel: {
            /** Packs */
            packs: string[];
            /**
             * Text
             * @description What is wrong, a sentence.
             */
            text: string;
            /**
             * Types
             * @description Node types that are missing for it, as far as known.
             */
            types: string[];
            /**
             * Hint
             * @description One thing to do; may be empty.
             */
            hint: string;
        };
        /**
         * PackRequest
         * @description What to pack: a workflow, or a job that is done.
         */
        PackRequest: {
            /**
             * Document
             * @description A workflow; or give `job`.
             * @default null
             */
            document?: {
                [key: string]: unknown;
            } | null;
            /**
             * Job
             * @description A finished job: its workflow, seeds drawn, and picture.
             * @default null
             */
            job?: string | null;
            /**
             * Artifact
             * @description Which file of the job is the picture; by default the first.
             * @default null
             */
            artifact?: number | null;
            /**
             * Format
             * @description `png` is the picture itself with everything inside.
             * @default png
             * @enum {string}
             */
            format?: "png" | "zip";
            /**
             * Name
             * @description Of the file, without its suffix.
             * @default null
             */
            name?: string | null;
            /**
             * Title
             * @description None for the workflow's own.
             * @default null
             */
            title?: string | null;
            /**
             * Author
             * @default null
             */
            author?: string | null;
            /**
             * License
             * @description Of the workflow and its input pictures.
             * @default null
             */
            license?: string | null;
        };
        /**
         * Packs
         * @description What is wrong with node packs.
         */
        Packs: {
            /** Faults */
            faults: components["schemas"]["PackFaultModel"][];
        };
        /**
         * PlacedInput
         * @description An input file of a bundle.
         */
        PlacedInput: {
            /**
             * Name
             * @description In the bundle.
             */
            name: string;
            /**
             * File
             * @description In the input folder now.
             */
            file: string;
            /**
             * New
             * @description Whether it was written; not if the same content was there.
             */
            new: boolean;
        };
        /**
         * PreviewShown
         * @description A node shows an unfinished picture. Not kept.
         *
         *     Over the websocket it is a binary frame: 4 bytes, big-endian, the length of this object as
         *     JSON; then the object; then the picture.
         */
        PreviewShown: {
            /**
             * Type
             * @default preview
             * @constant
             */
            type?: "preview";
            /** Job */
            job: string;
            /** Node */
            node: string;
            /** Media Type */
            media_type: string;
        };
        /**
         * ProblemModel
         * @description One finding, addressed so that an editor can mark the place.
         */
        ProblemModel: {
            /**
             * Code
             * @description Stable identifier such as `graph.type_mismatch`.
             */
            code: string;
            /**
             * Message
             * @description The whole finding in words.
             */
            message: string;
            /**
             * Node
             * @description Id of the node it belongs to.
             * @default null
             */
            node?: string | null;
            /**
             * Port
             * @description Name of the input or output.
             * @default null
             */
            port?: string | null;
            /**
             * Expected
             * @description What would have been right.
             * @default null
             */
            expected?: string | null;
            /**
             * Got
             * @description What was found.
             * @default null
             */
            got?: string | null;
            /**
             * Hint
             * @description One thing to do about it.
             * @default null
             */
            hint?: string | null;
        };
        /**
         * Progress
         * @description Steps of the node that works now.
         */
        Progress: {
            /** Node */
            node: string;
            /** Value */
            value: number;
            /** Total */
            total: number;
            /**
             * Message
             * @default null
             */
            message?: string | null;
            /**
             * Rate
             * @description Steps a second.
             * @default null
             */
            rate?: number | null;
            /**
             * Remaining
             * @description Seconds until this node is done.
             * @default null
             */
            remaining?: number | null;
        };
        /**
         * ProgressMade
         * @description A node did some steps. Not kept.
         */
        ProgressMade: {
            /**
             * Type
             * @default progress
             * @constant
             */
            type?: "progress";
            /** Job */
            job: string;
            progress: components["schemas"]["Progress"];
        };
        /**
         * Queue
         * @description What runs and what waits.
         */
        Queue: {
            /** Paused */
            paused: boolean;
            /** Running */
            running: components["schemas"]["Job"][];
            /**
             * Queued
             * @description The first ones, in the order in which they will run.
             */
            queued: components["schemas"]["Job"][];
            /**
             * Waiting
             * @description How many wait in all.
             */
            waiting: number;
        };
        /**
         * QueueChanged
         * @description The queue was paused, resumed or emptied.
         */
        QueueChanged: {
            /**
             * Type
             * @default queue
             * @constant
             */
            type?: "queue";
            /** Id */
            id: number;
            /** Paused */
            paused: boolean;
            /** Waiting */
            waiting: number;
        };
        /**
         * Resumed
         * @description The first event of a connection that goes on where another ended.
         */
        Resumed: {
            /**
             * Type
             * @default resumed
             * @constant
             */
            type?: "resumed";
            /** Id */
            id: number;
        };
        /**
         * Revision
         * @description One save.
         */
        Revision: {
            /** Number */
            number: number;
            /** Author */
            author: string;
            /**
             * Message
             * @default null
             */
            message?: string | null;
            /** Automatic */
            automatic: boolean;
            /** Nodes */
            nodes: number;
            /** Bytes */
            bytes: number;
            /**
             * Created
             * @description Seconds since 1970, UTC.
             */
            created: number;
        };
        /**
         * Revisions
         * @description Saves, the latest first.
         */
        Revisions: {
            /** Revisions */
            revisions: components["schemas"]["Revision"][];
        };
        /**
         * Share
         * @description What a person may do with a workflow.
         */
        Share: {
            /**
             * Role
             * @enum {string}
             */
            role: "viewer" | "editor";
        };
        /**
         * ShareReport
         * @description What a workflow would need and do here. Nothing was run or written.
         */
        ShareReport: {
            /**
             * Ready
             * @description Whether it can run here.
             */
            ready: boolean;
            /**
             * Same Picture
             * @description Whether the author's picture is to be expected; none if unknown.
             * @default null
             */
            same_picture?: boolean | null;
            /** Files */
            files: components["schemas"]["FileCheckModel"][];
            /** Nodes */
            nodes: components["schemas"]["NodeCheckModel"][];
            /**
             * Problems
             * @description What else keeps it from running.
             */
            problems: components["schemas"]["ProblemModel"][];
            /**
             * Differs
             * @description Why the picture may differ, in words.
             */
            differs: string[];
            /**
             * Unknown
             * @description Why that cannot be told, in words.
             */
            unknown: string[];
            /**
             * Effects
             * @description What it would do, to be sent as `accepts` of the job once a person agrees.
             */
            effects: ("reads" | "writes" | "network" | "packs")[];
            /**
             * Touching
             * @description Effect -> ids of the nodes that have it.
             */
            touching: {
                [key: string]: string[];
            };
            /**
             * Packs
             * @description Packages other than weft whose code would run.
             */
            packs: string[];
        };
        /**
         * Shared
         * @description What a share link shows.
         */
        Shared: {
            workflow: components["schemas"]["Workflow"];
            /** Document */
            document: {
                [key: string]: unknown;
            };
        };
        /**
         * SharedModel
         * @description What a bundle or picture holds, and a check of it.
         */
        SharedModel: {
            /**
             * Document
             * @description The workflow in weft's format, as it was saved.
             */
            document: {
                [key: string]: unknown;
            };
            /**
             * Is Bundle
             * @description Whether it carries its inputs and its lock.
             */
            is_bundle: boolean;
            /**
             * Title
             * @default null
             */
            title?: string | null;
            /**
             * Author
             * @default null
             */
            author?: string | null;
            /**
             * License
             * @default null
             */
            license?: string | null;
            /**
             * Inputs
             * @description Names of the input files that came along.
             */
            inputs: string[];
            /** Has Picture */
            has_picture: boolean;
            /**
             * Lock
             * @default null
             */
            lock?: {
                [key: string]: unknown;
            } | null;
            /**
             * Remarks
             * @description What was changed in reading it: inputs brought up to date, or what a document cannot say of a ComfyUI file. A sentence each.
             */
            remarks?: string[];
            report: components["schemas"]["ShareReport"];
        };
        /**
         * Snapshot
         * @description Everything that is going on; the first event of a connection.
         */
        Snapshot: {
            /**
             * Type
             * @default snapshot
             * @constant
             */
            type?: "snapshot";
            /**
             * Id
             * @description Number of the last event that it includes.
             */
            id: number;
            queue: components["schemas"]["Queue"];
            /**
             * Nodes
             * @description Of running jobs, by job.
             */
            nodes: {
                [key: string]: {
                    [key: string]: components["schemas"]["NodeReport"];
                };
            };
            /**
             * Progress
             * @description Of running jobs, by job.
             */
            progress: {
                [key: string]: components["schemas"]["Progress"][];
            };
            /**
             * Recent
             * @description Jobs that ended last, newest first.
             */
            recent: components["schemas"]["Job"][];
        };
        /**
         * Submission
         * @description A workflow to run.
         */
        Submission: {
            /**
             * Workflow
             * @description A weft document, or a workflow in ComfyUI's API format.
             */
            workflow: {
                [key: string]: unknown;
            };
            /**
             * Set
             * @description Values put over the document's: `node.parameter` or public input -> value.
             */
            set?: {
                [key: string]: unknown;
            };
            /**
             * Outputs
             * @description Wanted `node.output`s or public names; by default what the workflow gives.
             * @default null
             */
            outputs?: string[] | null;
            /**
             * Priority
             * @description Higher ones run first.
             * @default 0
             */
            priority?: number;
            /**
             * Idempotency Key
             * @description A second submission with the same key gives the job of the first.
             * @default null
             */
            idempotency_key?: string | null;
            /**
             * Title
             * @description Shown in lists.
             * @default null
             */
            title?: string | null;
            /**
             * Scope
             * @description What makes jobs belong together (a file, an open tab), so that each can say what changed since the one before.
             * @default null
             */
            scope?: string | null;
            /**
             * Accepts
             * @description What somebody accepted that this workflow of a stranger does: `reads` and `writes` files, uses the `network`, runs code of `packs`. A workflow that would do more is refused, and the run is held to it. None for one's own, which is held to nothing.
             * @default null
             */
            accepts?: ("reads" | "writes" | "network" | "packs")[] | null;
        };
        /**
         * System
         * @description What runs here.
         */
        System: {
            /** Version */
            version: string;
            /** Python */
            python: string;
            /** Platform */
            platform: string;
            /** Processors */
            processors: number;
            /**
             * Uptime
             * @description Seconds.
             */
            uptime: number;
            /**
             * Memory
             * @description Bytes that the server itself used at most.
             */
            memory: number;
            /** Workers */
            workers: components["schemas"]["WorkerInfo"][];
            /**
             * Jobs
             * @description Number of jobs by state.
             */
            jobs: {
                [key: string]: number;
            };
            /** Listeners */
            listeners: number;
            /**
             * Output
             * @description The output folder's name.
             */
            output: string;
        };
        /**
         * Template
         * @description A workflow to begin with.
         */
        Template: {
            /** Id */
            id: string;
            /** Title */
            title: string;
            /** Description */
            description: string;
            /**
             * Nodes
             * @description How many it has.
             */
            nodes: number;
            /**
             * Types
             * @description Node types that it uses.
             */
            types: string[];
            /**
             * Inputs
             * @description Names of its public inputs.
             */
            inputs: string[];
        };
        /**
         * Templates
         * @description Every one.
         */
        Templates: {
            /** Templates */
            templates: components["schemas"]["Template"][];
        };
        /**
         * Uploaded
         * @description What was uploaded, under the names that it has now.
         */
        Uploaded: {
            /** Files */
            files: components["schemas"]["FileModel"][];
        };
        /**
         * UserList
         * @description Everybody who may; empty where no token is asked for.
         */
        UserList: {
            /** Users */
            users: components["schemas"]["UserModel"][];
        };
        /**
         * UserModel
         * @description Somebody who may use the server.
         */
        UserModel: {
            /** Name */
            name: string;
            /** Role */
            role: string;
            /**
             * Owner
             * @description Under what their jobs, files and workflows are kept: the name, and a number where somebody else had it before.
             */
            owner: string;
        };
        /**
         * Validating
         * @description A workflow to look at.
         */
        Validating: {
            /**
             * Workflow
             * @description A weft document, or a workflow in ComfyUI's API format.
             */
            workflow: {
                [key: string]: unknown;
            };
            /**
             * Set
             * @description Values put over the document's: `node.parameter` or public input -> value.
             */
            set?: {
                [key: string]: unknown;
            };
            /**
             * Outputs
             * @description Wanted `node.output`s or public names.
             * @default null
             */
            outputs?: string[] | null;
        };
        /**
         * Validation
         * @description Whether a workflow can run.
         */
        Validation: {
            /** Valid */
            valid: boolean;
            /**
             * Problems
             * @description Everything that keeps it from running.
             */
            problems: components["schemas"]["ProblemModel"][];
        };
        /**
         * WorkerInfo
         * @description One worker.
         */
        WorkerInfo: {
            /** Number */
            number: number;
            /** Ready */
            ready: boolean;
            /** Busy */
            busy: boolean;
            /**
             * Jobs
             * @description How many it has run.
             */
            jobs: number;
            /**
             * Job
             * @description Id of the job that runs.
             * @default null
             */
            job?: string | null;
            /**
             * Trouble
             * @description Why the one before it ended.
             * @default null
             */
            trouble?: string | null;
        };
        /**
         * WorkerMemory
         * @description Who holds what in one worker.
         */
        WorkerMemory: {
            /**
             * Holdings
             * @description The latest used first.
             */
            holdings: components["schemas"]["ModelHeld"][];
            /** Devices */
            devices: components["schemas"]["DeviceHeld"][];
            /**
             * Lines
             * @description The same for people.
             */
            lines: string[];
        };
        /**
         * Workflow
         * @description A workflow of the library, without its document.
         */
        Workflow: {
            /** Id */
            id: string;
            /** Name */
            name: string;
            /** Description */
            description: string;
            /** Tags */
            tags: string[];
            /** Owner */
            owner: string;
            /**
             * Access
             * @description What who asks may do.
             * @enum {string}
             */
            access: "owner" | "editor" | "viewer";
            /**
             * Visibility
             * @enum {string}
             */
            visibility: "private" | "public";
            /**
             * Revision
             * @description Number of the latest.
             */
            revision: number;
            /** Starred */
            starred: boolean;
            /**
             * Forked From
             * @description `ID@REVISION`.
             * @default null
             */
            forked_from?: string | null;
            /**
             * Link
             * @description Secret of the share link; told to editors only.
             * @default null
             */
            link?: string | null;
            /**
             * Shares
             * @description Told to the owner only.
             * @default null
             */
            shares?: {
                [key: string]: "viewer" | "editor";
            } | null;
            /** Created */
            created: number;
            /** Changed */
            changed: number;
            /**
             * Deleted
             * @default null
             */
            deleted?: number | null;
        };
        /**
         * WorkflowChange
         * @description What is said of a workflow; what is not given stays.
         */
        WorkflowChange: {
            /**
             * Name
             * @default null
             */
            name?: string | null;
            /**
             * Description
             * @default null
             */
            description?: string | null;
            /**
             * Tags
             * @default null
             */
            tags?: string[] | null;
            /**
             * Visibility
             * @default null
             */
            visibility?: ("private" | "public") | null;
        };
        /**
         * WorkflowPage
         * @description Workflows, the latest changed first.
         */
        WorkflowPage: {
            /** Workflows */
            workflows: components["schemas"]["Workflow"][];
            /** More */
            more: boolean;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
