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
             * @description The name under which their jobs, files and workflows are kept; it has a number if another user had the name before.
             */
            owner: string;
            /**
             * Token
             * @description The token, shown only once; the server keeps a hash.
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
             * @description Id of the node that wrote the file.
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
         * @description Statistics of the cache.
         */
        CacheStats: {
            /**
             * Memory
             * @description Cache of the worker that answered.
             */
            memory: {
                [key: string]: number;
            };
            /**
             * Disk
             * @description None if the disk cache is off.
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
             * @description The lock: models and versions, from a bundle or an image.
             * @default null
             */
            lock?: {
                [key: string]: unknown;
            } | null;
        };
        /**
         * Cleared
         * @description The cancelled jobs.
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
             * @description The reasons why ComfyUI would not run it, or not in the same way; empty if it would.
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
             * @description Bytes in use by weights.
             */
            held: number;
            /**
             * Budget
             * @description Budget for weights in bytes.
             */
            budget: number;
            /** Free */
            free: number;
            /** Total */
            total: number;
        };
        /**
         * Diff
         * @description The differences of two revisions.
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
             * @description All problems, if there are several.
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
             * @description State of the job.
             * @default null
             */
            scope?: string | null;
        };
        /**
         * Explained
         * @description The plan of the next run for one node, and the reason.
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
         * @description The plan of the next run.
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
             * @description Name in the workflow.
             */
            name: string;
            /**
             * State
             * @description `here`; `other name`: the same content with the name `found`; `bundled`: included in the bundle; `other content`: a file of this name with other content; `missing`.
             * @enum {string}
             */
            state: "here" | "other name" | "bundled" | "other content" | "missing";
            /**
             * Ready
             * @description Whether the file with this content is available.
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
             * @description First ten digits of the SHA-256, as model sites show them.
             * @default null
             */
            autov2?: string | null;
            /**
             * Size
             * @description Size in bytes.
             * @default null
             */
            size?: number | null;
            /**
             * Holds
             * @description Kind of model: checkpoint, lora, ...
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
             * @description Similar names here, those with the same file name first. They are used only if the user chooses one.
             */
            candidates: string[];
            /**
             * Sources
             * @description The author's sources.
             */
            sources: string[];
            /**
             * Advice
             * @description How to get the file; none if it is available.
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
             * @description Name below its folder, with `/`.
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
             * @description Whether it has thumbnails.
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
             * @description Total number of files of this kind, without the search.
             */
            total: number;
            /**
             * Next
             * @description `after` for the next page; none at the end.
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
             * @description The new name; none keeps the name.
             * @default null
             */
            name?: string | null;
            /**
             * Revision
             * @description The revision to copy; none for the latest.
             * @default null
             */
            revision?: number | null;
        };
        /**
         * Freed
         * @description The freed memory.
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
             * @description Problems that prevent the server from working.
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
             * @description The reason for its state.
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
             * @description Number of attempts.
             */
            attempt: number;
            /**
             * Nodes
             * @description Number of nodes in the workflow.
             */
            nodes: number;
            /**
             * Ran
             * @description Number of nodes that ran.
             * @default null
             */
            ran?: number | null;
            /**
             * Cached
             * @description Number of cache hits.
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
             * @description The reason for its state.
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
             * @description Number of attempts.
             */
            attempt: number;
            /**
             * Nodes
             * @description Number of nodes in the workflow.
             */
            nodes: number;
            /**
             * Ran
             * @description Number of nodes that ran.
             * @default null
             */
            ran?: number | null;
            /**
             * Cached
             * @description Number of cache hits.
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
             * @description The values that replaced those of the document.
             */
            set: {
                [key: string]: unknown;
            };
            /**
             * Accepts
             * @description Its permissions; none if it has no restrictions.
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
             * @description `before` for the next page; none at the end.
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
             * @description Languages besides English, such as `zh`.
             */
            languages: string[];
        };
        /**
         * Memory
         * @description The models in memory.
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
             * @description Size in bytes; 0 for a model that is a folder.
             */
            bytes: number;
            /**
             * Modified
             * Format: date-time
             */
            modified: string;
            /**
             * Title
             * @description Title in the file's metadata.
             * @default null
             */
            title?: string | null;
            /**
             * Holds
             * @description Kind of model by its tensors: checkpoint, lora, ...
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
             * @description The number type of most of its bytes, such as F16.
             * @default null
             */
            precision?: string | null;
            /**
             * Sha256
             * @description SHA-256, once it was computed in the background.
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
             * @description The reason why it cannot be read.
             * @default null
             */
            trouble?: string | null;
            /**
             * Preview
             * @description Whether it has a preview image.
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
             * @description Metadata of its header, without very long texts.
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
             * @description The file that it was loaded from, and its patches.
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
             * @description Bytes of tensors that no other network counts.
             */
            nbytes: number;
            /**
             * Resident
             * @description Bytes on its compute device.
             */
            resident: number;
            /**
             * State
             * @description streamed: weights that are not resident are loaded block by block; parked: in host memory.
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
             * @description Size in bytes; 0 for a model that is a folder.
             */
            bytes: number;
            /**
             * Modified
             * Format: date-time
             */
            modified: string;
            /**
             * Title
             * @description Title in the file's metadata.
             * @default null
             */
            title?: string | null;
            /**
             * Holds
             * @description Kind of model by its tensors: checkpoint, lora, ...
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
             * @description The number type of most of its bytes, such as F16.
             * @default null
             */
            precision?: string | null;
            /**
             * Sha256
             * @description SHA-256, once it was computed in the background.
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
             * @description The reason why it cannot be read.
             * @default null
             */
            trouble?: string | null;
            /**
             * Preview
             * @description Whether it has a preview image.
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
             * @description Total number of models of this kind, without the search.
             */
            total: number;
            /**
             * Next
             * @description `after` for the next page; none at the end.
             * @default null
             */
            next?: string | null;
            /**
             * Complete
             * @description Whether the folders were scanned since the server started. If not, the list is from before; ask again.
             */
            complete: boolean;
        };
        /**
         * Move
         * @description The new position of a job in the queue.
         */
        Move: {
            /**
             * To
             * @default null
             */
            to?: ("front" | "back") | null;
            /**
             * Before
             * @description The job to move it in front of.
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
             * @description Whether this is an autosave, which replaces earlier autosaves.
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
             * @description Whether this user had the name before, and gets back their data; otherwise the user starts without data.
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
             * @description Version in the lock.
             * @default null
             */
            wanted?: number | null;
            /**
             * Migrates
             * @description Whether the version here can migrate inputs of another version.
             * @default false
             */
            migrates?: boolean;
            /**
             * Pack
             * @description Pack of the node, by the lock or the file.
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
             * @description Duration of its function in seconds.
             * @default null
             */
            seconds?: number | null;
            /**
             * Why
             * @description Changes since its last run.
             * @default null
             */
            why?: string[] | null;
            /**
             * Bytes
             * @description Memory of its outputs in bytes, with the values they refer to.
             * @default null
             */
            bytes?: number | null;
            /**
             * @description The reason of its failure. The job may still run nodes that do not need it.
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
         * @description An opened bundle or image: its inputs are in the input folder.
         */
        Opened: {
            /**
             * Document
             * @description The workflow with the names of its files on this server.
             */
            document: {
                [key: string]: unknown;
            };
            /**
             * Is Bundle
             * @description Whether it includes its inputs and its lock.
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
             * @description Names of the input files in the bundle.
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
             * @description Changes made while reading it: migrated inputs, or parts of a ComfyUI file that a document cannot hold. One sentence each.
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
             * @description One sentence that states the fault.
             */
            text: string;
            /**
             * Types
             * @description Node types that are missing because of it, as far as known.
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
         * @description The content of a bundle: a workflow, or a finished job.
         */
        PackRequest: {
            /**
             * Document
             * @description A workflow, or use `job`.
             * @default null
             */
            document?: {
                [key: string]: unknown;
            } | null;
            /**
             * Job
             * @description A finished job: its workflow with the seeds drawn, and its image.
             * @default null
             */
            job?: string | null;
            /**
             * Artifact
             * @description The file of the job to use as the image; by default the first.
             * @default null
             */
            artifact?: number | null;
            /**
             * Format
             * @description `png` is the image itself, which holds the whole bundle.
             * @default png
             * @enum {string}
             */
            format?: "png" | "zip";
            /**
             * Name
             * @description File name without its suffix.
             * @default null
             */
            name?: string | null;
            /**
             * Title
             * @description Title; none for the workflow's own.
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
             * @description License of the workflow and its input images.
             * @default null
             */
            license?: string | null;
        };
        /**
         * Packs
         * @description The problems of node packs.
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
             * @description Name in the bundle.
             */
            name: string;
            /**
             * File
             * @description Name in the input folder.
             */
            file: string;
            /**
             * New
             * @description Whether it was written; false if the same content was already there.
             */
            new: boolean;
        };
        /**
         * PreviewShown
         * @description A node shows a preview image. Not stored.
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
             * @description The whole message.
             */
            message: string;
            /**
             * Node
             * @description Id of the node that it belongs to.
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
             * @description The expected value.
             * @default null
             */
            expected?: string | null;
            /**
             * Got
             * @description The value that was found.
             * @default null
             */
            got?: string | null;
            /**
             * Hint
             * @description One thing to do.
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
             * @description Steps per second.
             * @default null
             */
            rate?: number | null;
            /**
             * Remaining
             * @description Seconds until this node is finished.
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
         * @description The running and the waiting jobs.
         */
        Queue: {
            /** Paused */
            paused: boolean;
            /** Running */
            running: components["schemas"]["Job"][];
            /**
             * Queued
             * @description The first waiting jobs, in the order in which they will run.
             */
            queued: components["schemas"]["Job"][];
            /**
             * Waiting
             * @description Number of waiting jobs.
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
         * @description Access of a user to a workflow.
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
         * @description A check of what a workflow needs and does here. Nothing was run or written.
         */
        ShareReport: {
            /**
             * Ready
             * @description Whether it can run here.
             */
            ready: boolean;
            /**
             * Same Picture
             * @description Whether the image will match the author's; none if unknown.
             * @default null
             */
            same_picture?: boolean | null;
            /** Files */
            files: components["schemas"]["FileCheckModel"][];
            /** Nodes */
            nodes: components["schemas"]["NodeCheckModel"][];
            /**
             * Problems
             * @description Other problems that prevent a run.
             */
            problems: components["schemas"]["ProblemModel"][];
            /**
             * Differs
             * @description Reasons why the image may differ.
             */
            differs: string[];
            /**
             * Unknown
             * @description Reasons why it is unknown whether the image matches.
             */
            unknown: string[];
            /**
             * Effects
             * @description Effects of the workflow. Send them as `accepts` of the job once the user has permitted them.
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
             * @description Packs other than weft whose code would run.
             */
            packs: string[];
        };
        /**
         * Shared
         * @description The content of a share link.
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
         * @description The content of a bundle or image, and a check of it.
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
             * @description Whether it includes its inputs and its lock.
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
             * @description Names of the input files in the bundle.
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
             * @description Changes made while reading it: migrated inputs, or parts of a ComfyUI file that a document cannot hold. One sentence each.
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
             * @description Number of the last event that the snapshot includes.
             */
            id: number;
            queue: components["schemas"]["Queue"];
            /**
             * Nodes
             * @description Reports of the nodes of running jobs, by job.
             */
            nodes: {
                [key: string]: {
                    [key: string]: components["schemas"]["NodeReport"];
                };
            };
            /**
             * Progress
             * @description Progress of running jobs, by job.
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
             * @description Values that replace those of the document: `node.parameter` or public input -> value.
             */
            set?: {
                [key: string]: unknown;
            };
            /**
             * Outputs
             * @description Selected `node.output`s or public names; by default all outputs of the workflow.
             * @default null
             */
            outputs?: string[] | null;
            /**
             * Priority
             * @description Priority; higher ones run first.
             * @default 0
             */
            priority?: number;
            /**
             * Idempotency Key
             * @description Idempotency key: a second submission with the same key returns the first job.
             * @default null
             */
            idempotency_key?: string | null;
            /**
             * Title
             * @description Title in lists.
             * @default null
             */
            title?: string | null;
            /**
             * Scope
             * @description The file or tab that the job belongs to. Jobs with the same value are compared: each node reports what changed since the job before.
             * @default null
             */
            scope?: string | null;
            /**
             * Accepts
             * @description Permissions for a workflow of another author: `reads` and `writes` files, uses the `network`, runs code of `packs`. A workflow with more effects is refused, and the run is restricted to these. None for the user's own workflows, which have no restrictions.
             * @default null
             */
            accepts?: ("reads" | "writes" | "network" | "packs")[] | null;
        };
        /**
         * System
         * @description The state of the server.
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
             * @description Peak memory of the server process in bytes.
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
             * @description Number of nodes.
             */
            nodes: number;
            /**
             * Types
             * @description Its node types.
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
         * @description The uploaded files, with their final names.
         */
        Uploaded: {
            /** Files */
            files: components["schemas"]["FileModel"][];
        };
        /**
         * UserList
         * @description All users; empty if the server needs no token.
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
             * @description The name under which their jobs, files and workflows are kept; it has a number if another user had the name before.
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
             * @description Values that replace those of the document: `node.parameter` or public input -> value.
             */
            set?: {
                [key: string]: unknown;
            };
            /**
             * Outputs
             * @description Selected `node.output`s or public names.
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
             * @description All problems that prevent a run.
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
             * @description Number of jobs that it ran.
             */
            jobs: number;
            /**
             * Job
             * @description Id of its running job.
             * @default null
             */
            job?: string | null;
            /**
             * Trouble
             * @description The reason why the worker before it ended.
             * @default null
             */
            trouble?: string | null;
        };
        /**
         * WorkerMemory
         * @description The models in memory of one worker.
         */
        WorkerMemory: {
            /**
             * Holdings
             * @description Models in memory, the latest used first.
             */
            holdings: components["schemas"]["ModelHeld"][];
            /** Devices */
            devices: components["schemas"]["DeviceHeld"][];
            /**
             * Lines
             * @description The same as lines of text.
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
             * @description Access of the user who asks.
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
             * @description Number of the latest revision.
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
             * @description Secret of the share link; only editors see it.
             * @default null
             */
            link?: string | null;
            /**
             * Shares
             * @description Only the owner sees it.
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
         * @description Changed properties of a workflow; missing ones stay unchanged.
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
